"""Positional Encodings: one module for each page of 05_positional_encodings."""
