"""GGUF files to Hugging Face folders: float weights, config.json and the tokenizer."""
