"""Sentence embedders: an encoder with pooling, and its contrastive finetuning."""
