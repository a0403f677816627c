"""Small tasks to learn, made on the spot from a size and a generator."""
