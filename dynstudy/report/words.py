"""The words of reports' options: light, so that the command line knows them at once."""

from enum import StrEnum


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


class Status(StrEnum):
    """How far a study is."""

    running = "running"
    complete = "complete"
    incomplete = "incomplete"
