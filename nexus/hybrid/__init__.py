"""Hybrid architectures: one module for each page of 04_hybrid_architectures."""
