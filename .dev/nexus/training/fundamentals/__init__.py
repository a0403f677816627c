"""What every training loop stands on: one module for each page of its fundamentals."""
