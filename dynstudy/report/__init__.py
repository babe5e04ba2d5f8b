"""A study, told: rows, text, files."""
