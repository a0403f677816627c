"""Self-supervised learning: one module for each page of 12_self_supervised_learning."""
