"""A study with exports of its best cells."""

import pytest

import dynstudy
from dynstudy.export.export_file import Export
from dynstudy.export.exporting import export
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.planted import SMALL


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 8]}
    spec = StudySpec.of(SMALL | {"replicates": 3, "loss": ["ce", "dce"], "space": space})
    storage = Storage(f"sqlite:///{tmp_path_factory.mktemp('studied')}/studies.db", create=True)
    dynstudy.run(spec, storage=storage)
    return storage


@pytest.fixture(scope="session")
def made(studied: Storage) -> Export:
    return export(studied, "small", top=2, confirm=2)
