"""VAE: one module for each page of 09_generative_models/vae."""
