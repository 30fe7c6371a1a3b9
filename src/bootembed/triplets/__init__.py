"""Synthesis of triplets: assembling a generator, generating answers, filtering them."""
