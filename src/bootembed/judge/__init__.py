"""The judge, an NLI cross-encoder: does a positive follow from its anchor, does a negative contradict it?"""
