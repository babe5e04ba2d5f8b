"""Measurements in turn."""

from dynstudy.bench.measure import Measured, Row, Settings
from dynstudy.bench.suite import machine, report
from dynstudy.bench.words import Device


def row(name: str, unit: str) -> Row:
    return Row.of(name, "speed", unit, [1.0])


def test_ratios_come_first_and_what_two_left_out_is_told_once() -> None:
    said: list[str] = []

    def first(settings: Settings, say: object) -> Measured:
        said.append(f"first {settings.rounds}")
        return Measured([row("a", "s"), row("b", "ratio")], ["no jax"])

    def second(settings: Settings, say: object) -> Measured:
        said.append("second")
        return Measured([row("c", "share")], ["no jax", "no card"])

    found = report([first, second], Settings(rounds=2), said.append)
    assert [each.measurement for each in found.rows] == ["b", "c", "a"]
    assert found.notes == ["no jax", "no card"]
    assert said == ["first 2", "second"]
    assert found.machine["rounds"] == 2


def test_the_machine_is_what_the_numbers_depend_on() -> None:
    facts = machine(Settings(device=Device.cpu))
    for name in ("processor", "threads", "torch", "numba", "dynstudy", "load", "date"):
        assert facts[name] not in {None, ""}
    assert facts["device"] == "cpu"
