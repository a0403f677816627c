"""Small tasks to learn: real pictures that come along, and sequences made on the spot."""
