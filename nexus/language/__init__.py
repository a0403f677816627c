"""Language: tokenization and language models."""
