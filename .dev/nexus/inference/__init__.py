"""Inference optimizations: one module for each page of 07_inference_optimizations."""
