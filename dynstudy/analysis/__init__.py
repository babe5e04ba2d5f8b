"""What a whole study says."""
