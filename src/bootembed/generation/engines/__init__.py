"""Engines of generation: what answers prompts. See docs/engines.md."""
