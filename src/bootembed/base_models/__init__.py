"""Base models: a generator or encoder from the Hub, a local folder, or built from scratch."""
