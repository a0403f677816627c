"""Reinforcement learning: one package for each subcategory of 01_reinforcement_learning."""
