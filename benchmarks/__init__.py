"""Maintainers' measurements and simulations; not in the wheel."""
