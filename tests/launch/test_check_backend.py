"""What a backend cannot train is found out before anything is written."""

from typing import Any

import pytest

import dynstudy
from tests.planted import SpecMaker


def test_a_wrong_backend_writes_nothing(url: str, make_spec: SpecMaker, tmp_path: Any) -> None:
    with pytest.raises(dynstudy.errors.BackendError):
        dynstudy.run(make_spec(), storage=url, backend="nope")
    assert not list(tmp_path.iterdir())
