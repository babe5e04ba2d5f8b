"""A study with exports of its best cells."""

import pytest

from dynstudy.export.export_file import Export
from dynstudy.export.exporting import export
from dynstudy.store.studies import Storage


@pytest.fixture(scope="session")
def made(studied: Storage) -> Export:
    return export(studied, "small", top=2, confirm=2)
