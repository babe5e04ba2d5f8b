"""Nothing is compiled where nothing is measured: it takes seconds, and needs a compiler."""

import pytest

from tests.uncompiled import uncompiled

_uncompiled = pytest.fixture(autouse=True)(uncompiled)
