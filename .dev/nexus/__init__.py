"""Nexus: one small, readable, tested PyTorch implementation for each page of the knowledge base.

Nothing is imported here, so `import nexus` is instant; take what a page shows from where it lives,
`from nexus.attention.multi_head_attention import MultiHeadAttention`.
"""

__version__ = "0.1.0"
