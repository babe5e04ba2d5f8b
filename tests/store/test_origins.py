"""Who trained what."""

from dataclasses import replace
from typing import Any

from dynstudy.config import Configuration, Replicate
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.origins import UNKNOWN, Origin, origins
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage

PROTOCOL = Protocol(steps=200, tail=50)
CE, MSE = Configuration("ce", 5, 1.0), Configuration("mse", 5, 1.0)
HERE = Trainer("cpu", "two cores", "a processor", {"numpy": "2"})
ACCURACIES = {"train_accuracy": 0.5, "val_accuracy": 0.4}


def networks(configuration: Configuration, *seeds: int) -> list[Record]:
    return [Record(Replicate(configuration, seed), None, ACCURACIES, {}) for seed in seeds]


def origin(**values: Any) -> Origin:
    made_by = {name: value for name, value in vars(HERE).items() if name != "host"}
    return Origin.model_validate({"networks": 1, **made_by, **values})


def test_networks_are_counted_by_what_trained_them(storage: Storage) -> None:
    ledger = Ledger(storage.engine, PROTOCOL)
    card = replace(HERE, backend="gpu", device="a card")
    ledger.add(networks(CE, 0, 1), HERE)
    ledger.add(networks(MSE, 0), HERE)
    ledger.add(networks(CE, 2), card)
    keys = [ledger.key(CE), ledger.key(MSE)]
    by_backend = {each.backend: each for each in origins(storage.engine, keys)}
    assert by_backend["cpu"] == origin(networks=3)
    assert by_backend["gpu"].networks == 1
    assert by_backend["cpu"].arithmetic != by_backend["gpu"].arithmetic
    assert [each.networks for each in origins(storage.engine, keys[1:])] == [1]
    assert origins(storage.engine, []) == []


def test_every_part_of_the_arithmetic_counts_and_the_commit_does_not() -> None:
    one = origin(versions={"numpy": "2", "numba": "1"}, git_commit="abc")
    for change in (
        {"backend": "autograd"},
        {"device": "one core"},
        {"processor": UNKNOWN},
        {"versions": {"numpy": "3", "numba": "1"}},
    ):
        assert one.model_copy(update=change).arithmetic != one.arithmetic
    same = origin(versions={"numba": "1", "numpy": "2"}, networks=9)
    assert same.arithmetic == one.arithmetic
