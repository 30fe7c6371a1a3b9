"""Answers of a generator: requests, engines, the cache of answers."""
