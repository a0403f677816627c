"""State-space models: one module for each page of 03_state_space_models."""
