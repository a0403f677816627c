"""NeRF and 3D: one module for each page of 08_computer_vision/nerf_3d."""
