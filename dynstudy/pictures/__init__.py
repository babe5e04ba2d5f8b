"""A study, drawn; nothing is computed here."""
