"""Scoring of embedders: tasks of `mteb`, their data from our tables, and the significance of differences."""
