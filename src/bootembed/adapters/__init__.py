"""LoRA adapters of the generator: their training rows, their training, and their composition."""
