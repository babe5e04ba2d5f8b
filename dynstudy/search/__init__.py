"""Which cell comes next."""
