"""A whole database is looked after: checked, mended, copied, measured."""
