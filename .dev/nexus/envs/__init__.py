"""Small environments, many copies at a time, and what drives them and remembers."""
