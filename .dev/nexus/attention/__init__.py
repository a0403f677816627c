"""Attention mechanisms: one module for each page of 02_attention_mechanisms."""
