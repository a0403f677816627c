"""Vision transformers: one module for each page of 08_computer_vision/vision_transformers."""
