"""What every part stands on: tables, text, seeds, hashes, errors, processes."""
