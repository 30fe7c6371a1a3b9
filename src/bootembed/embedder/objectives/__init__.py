"""Training objectives, one module each, found by the name in `train_embedder.objective`."""
