"""The stopwatch asks for what a page in the browser asks for."""

import io
import json
import urllib.request

import pytest

from benchmarks.page import measure_page
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker, plant


def test_all_trials_are_loaded_and_then_only_what_is_new(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = plant(storage, make_spec())
    asked: list[tuple[str, bytes]] = []
    urlopen = urllib.request.urlopen

    def noted(address: str) -> io.BytesIO:
        with urlopen(address) as answer:
            asked.append((address.partition("?")[2], answer.read()))
        return io.BytesIO(asked[-1][1])

    monkeypatch.setattr(urllib.request, "urlopen", noted)
    measured = measure_page(storage, "small", rounds=2)
    assert [query for query, _ in asked] == ["after=0"] * 3 + [f"after={cells}"] * 2
    trials = [len(json.loads(body)["trials"]) for _, body in asked]
    assert trials == [cells] * 3 + [0] * 2
    assert measured.size == len(asked[0][1])
    assert measured.first > 0
    assert (len(measured.later), len(measured.polls)) == (2, 2)
    assert min(measured.later + measured.polls) > 0
