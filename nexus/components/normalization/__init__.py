"""Normalization: one module for each page of 06_architecture_components/normalization."""
