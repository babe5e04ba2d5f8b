"""Which tests run on one database alone: those of what only that one has."""

import pytest

SQLITE_ALONE = pytest.mark.parametrize("database", ["sqlite"])
"""Files, what may stand in a column of any type, and SQL of SQLite's own."""
