"""Launches whose chunks are as small as they can be."""

import pytest


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynstudy.launch.chunks.CHUNK_SECONDS", 0.0)
    monkeypatch.setattr("dynstudy.launch.training.RECORD_NETWORKS", 1)
