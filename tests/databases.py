"""Which databases a test runs on: a module that imports one of these has its storages in each."""

import pytest

SQLITE_ALONE = pytest.mark.parametrize("database", ["sqlite"])
"""For files, what may stand in a column of any type, and SQL of SQLite's own."""


@pytest.fixture(name="database", params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest) -> str:
    """Each in its turn."""
    name: str = request.param
    return name


@pytest.fixture(
    name="database", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]
)
def both_at_length(request: pytest.FixtureRequest) -> str:
    """Each in its turn, PostgreSQL with the tests that are long: of whole launches."""
    name: str = request.param
    return name
