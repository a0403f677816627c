"""NLP and Large Language Models: one package for each subcategory of 10_nlp_llm."""
