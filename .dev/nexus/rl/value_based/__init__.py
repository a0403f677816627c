"""Agents that learn a value of actions and act on it."""
