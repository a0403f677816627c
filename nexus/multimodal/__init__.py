"""Multimodal models: one module for each page of 13_multimodal_models."""
