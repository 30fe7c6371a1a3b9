"""A profile for a new language, drafted from a user's files and models: nothing is guessed silently."""
