"""Raw corpora in, clean tables out; every row set aside is counted and listed."""
