"""Raw corpora in, clean tables out; every row rejected is counted and listed."""
