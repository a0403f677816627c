"""Parameter-efficient fine-tuning: one module for each page of 10_nlp_llm/peft."""
