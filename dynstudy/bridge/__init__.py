"""Between search and train: which networks are missing -> train -> record, and what needs that."""
