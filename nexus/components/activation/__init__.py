"""Activation: one module for each page of 06_architecture_components/activation."""
