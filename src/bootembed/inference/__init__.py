"""Using a model: embedding the texts of a file, searching in them, comparing scores."""
