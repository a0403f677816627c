"""Training infrastructure: one module for each page of 11_training_infrastructure."""
