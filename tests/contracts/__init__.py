"""What tests/test_contracts.py is made of: public names with their examples, and values in them."""
