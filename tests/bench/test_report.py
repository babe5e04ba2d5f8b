"""Measurements in turn, and reports of them for people and programs."""

import csv
import io
import json

import pytest

from dynstudy.bench.measure import Measurement, Row, Settings
from dynstudy.bench.report import Report, machine, print_report, report
from dynstudy.bench.words import Device
from dynstudy.report.words import Format

REPORT = Report(
    [
        Row.of("engine", "cpu / loop", "ratio", [70.0, 74.0], 20),
        Row.of("engine", "cpu / loop", "ratio", [33.0, 35.0], 500),
        Row.of("end_to_end", "wall time that is not training", "share", [0.031, 0.033]),
        Row.of("engine", "cpu", "network-steps/s", [700_000.0, 800_000.0], 20),
        Row.of("kernel", "dce", "registers a lane", [238.0], 20),
        Row.of("kernel", "dce", "registers a lane", [243.0], 500),
    ],
    ["jax: not installed"],
    {"processor": "a [bold] one", "rounds": 2},
)


def printed(form: Format) -> str:
    out = io.StringIO()
    print_report(REPORT, form, out)
    return out.getvalue()


def test_ratios_come_first_and_the_machine_last() -> None:
    text = printed(Format.table)
    places = [
        text.index(part)
        for part in (
            "cpu / loop",
            "3.2% (3.1% to 3.3%)",
            "Absolute: median (range) of 2",
            "cpu, network-steps/s",
            "dce, registers a lane",
            "jax: not installed",
            "machine: processor a [bold] one, rounds 2",
        )
    ]
    assert places == sorted(places)
    (line,) = (line for line in text.splitlines() if "cpu / loop" in line)
    assert line.split("cpu / loop")[1].split("  ")[-1].strip() == "34 (33 to 35)"
    assert "72 (70 to 74)" in line
    assert "750,000 (700,000 to 800,000)" in text


def test_what_was_found_once_has_no_range() -> None:
    (line,) = (line for line in printed(Format.table).splitlines() if "registers" in line)
    assert line.split()[-2:] == ["238", "243"]


def test_json_has_its_parts() -> None:
    parsed = json.loads(printed(Format.json))
    assert [row["width"] for row in parsed["ratios"]] == [20, 500, None]
    assert [row["median"] for row in parsed["absolutes"]] == [750_000, 238, 243]
    assert parsed["machine"]["rounds"] == 2


def test_csv_has_a_row_each() -> None:
    rows = list(csv.DictReader(io.StringIO(printed(Format.csv))))
    assert [float(row["max"]) for row in rows] == pytest.approx([
        74,
        35,
        0.033,
        800_000,
        238,
        243,
    ])


def row(name: str, unit: str) -> Row:
    return Row.of(name, "speed", unit, [1.0])


def test_ratios_come_first_and_what_two_left_out_is_told_once() -> None:
    said: list[str] = []

    def first(settings: Settings, say: object) -> Measurement:
        said.append(f"first {settings.rounds}")
        return Measurement([row("a", "s"), row("b", "ratio")], ["no jax"])

    def second(settings: Settings, say: object) -> Measurement:
        said.append("second")
        return Measurement([row("c", "share")], ["no jax", "no card"])

    combined = report([first, second], Settings(rounds=2), said.append)
    assert [each.measurement for each in combined.rows] == ["b", "c", "a"]
    assert combined.notes == ["no jax", "no card"]
    assert said == ["first 2", "second"]
    assert combined.machine["rounds"] == 2


def test_the_machine_is_what_the_numbers_depend_on() -> None:
    facts = machine(Settings(device=Device.cpu))
    for name in ("processor", "threads", "torch", "numba", "dynstudy", "load", "date"):
        assert facts[name] not in {None, ""}
    assert facts["device"] == "cpu"
