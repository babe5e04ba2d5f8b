"""Who trained what."""

from dataclasses import replace

from dynstudy.config import Configuration, Protocol, Replicate
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


def test_networks_are_counted_by_what_trained_them(storage: Storage) -> None:
    ledger = Ledger(storage.engine, PROTOCOL)
    card = replace(HERE, backend="gpu", device="a card")
    ledger.add(networks(CE, 0, 1), HERE)
    ledger.add(networks(MSE, 0), HERE)
    ledger.add(networks(CE, 2), card)
    keys = [ledger.key(CE), ledger.key(MSE)]
    found = {origin.backend: origin for origin in origins(storage.engine, keys)}
    assert found["cpu"] == Origin(3, "cpu", "two cores", "a processor", {"numpy": "2"}, None)
    assert found["gpu"].networks == 1
    assert found["cpu"].arithmetic != found["gpu"].arithmetic
    assert [origin.networks for origin in origins(storage.engine, keys[1:])] == [1]
    assert origins(storage.engine, []) == []


def test_every_part_of_the_arithmetic_counts_and_the_commit_does_not() -> None:
    origin = Origin(1, "cpu", "two cores", "a processor", {"numpy": "2", "numba": "1"}, "abc")
    for change in (
        {"backend": "autograd"},
        {"device": "one core"},
        {"processor": UNKNOWN},
        {"versions": {"numpy": "3", "numba": "1"}},
    ):
        assert replace(origin, **change).arithmetic != origin.arithmetic
    same = replace(origin, versions={"numba": "1", "numpy": "2"}, git_commit=None, networks=9)
    assert same.arithmetic == origin.arithmetic
