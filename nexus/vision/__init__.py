"""Computer vision: one package for each subcategory of 08_computer_vision."""
