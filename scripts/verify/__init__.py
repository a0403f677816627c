"""Run every block of every page, and keep what it printed."""
