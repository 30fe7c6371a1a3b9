"""Commands that compare finished runs of the pipeline."""
