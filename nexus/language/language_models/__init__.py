"""Language models: one module for each page of 10_nlp_llm/language_models."""
