"""Base models: a generator or encoder from the Hub, a local folder, or built from scratch."""

PACKED_LENGTH = 128
"""Tokens of a row that a scratch model is pretrained on, if it has so many positions."""
