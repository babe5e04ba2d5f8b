"""A study, drawn to be looked into."""
