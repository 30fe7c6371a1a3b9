"""The report as one HTML page that needs no network: the answer, charts, tables, examples and where all comes from."""
