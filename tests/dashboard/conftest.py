"""Who visits the dashboard of a storage."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dynstudy.store.studies import Storage
from tests.dashboard.visitor import Visitor


@pytest.fixture
def visit(storage: Storage, tmp_path: Path) -> Callable[..., Visitor]:
    return lambda **options: Visitor(storage, tmp_path / "studies.artifacts", **options)


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    return visit()
