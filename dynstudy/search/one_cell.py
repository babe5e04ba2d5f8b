"""One cell of a study, named by a person: by its values, or by a trial's number."""

from collections.abc import Iterable, Sequence
from typing import Any

import optuna

from dynstudy.config import Cell, Configuration
from dynstudy.errors import DynstudyError, nearest
from dynstudy.study.tried import configuration_of
from dynstudy.task.losses import LOSSES

KEYS = ("loss", "width", "learning_rate", "amplitude", "period")
NAMED = {"A": "amplitude", "T": "period", "learning rate": "learning_rate"}
"""What the name of a cell calls some of them."""
DIGITS = range(3, 7)
"""Those that ticks, names and tables print of a value that has more."""
MOST_LISTED = 12  # values in a message


def choose_cell(all_cells: Sequence[Cell], text: str, called: str = "--cell") -> Cell:
    """Return the one cell, of at least one, that some of its values name.

    ``key=value`` pairs have commas between them, as in ``loss=dce,amplitude=300``; what the cells
    have one value of may be left out, and a number may have the digits that are printed of it. A
    cell's name, as in ``dce, width 20, A = 300``, will do as well.

    Raises:
        DynstudyError: a key or value is not there, or several cells have these; it says what the
            text is `called`.
    """
    left = list(all_cells)
    said: list[str] = []
    for key, value in _pairs(text, called).items():
        fitting = _fitting(left, key, value)
        if not fitting:
            among = f" with {', '.join(said)}" if said else ""
            raise DynstudyError(
                f"{called}: no cell{among} has {key}={_shown(value)}; {_there(left, key)}"
            )
        left = fitting
        said.append(f"{key}={_shown(value)}")
    if len(left) > 1:
        several = [key for key in KEYS if len({_value(cell, key) for cell in left}) > 1]
        have = f"have {', '.join(said)}" if said else "to choose from"
        raise DynstudyError(
            f"{called}: {len(left)} cells {have}; "
            f"say more: {'; '.join(_there(left, key) for key in several)}"
        )
    return left[0]


def meant(typed: float, values: Iterable[float]) -> list[float]:
    """Return those of some values that a number is: itself, else what is printed as it.

    >>> meant(37.606, [3.0, 37.60603093]), meant(37.6, [37.604, 37.6]), meant(38, [37.60603093])
    ([37.60603093], [37.6], [])
    """
    there = sorted(set(values))
    return [value for value in there if value == typed] or [
        value for value in there if typed in _printed(value)
    ]


def _printed(value: float) -> set[float]:
    return {float(f"{value:.{digits}g}") for digits in DIGITS} | {round(value, 3)}


def _fitting(cells: Sequence[Cell], key: str, value: Any) -> list[Cell]:
    if key == "loss":
        return [cell for cell in cells if cell.configuration.loss == value]
    there = (_value(cell, key) for cell in cells)
    fitting = meant(value, [its for its in there if its is not None])
    return [cell for cell in cells if _value(cell, key) in fitting]


def _pairs(text: str, called: str) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (word.strip() for word in _as_pair(part).partition("="))
        key = NAMED.get(key, key)
        if not equals or not value:
            raise DynstudyError(
                f"{called}: {part!r} is not key=value, as in loss=dce,amplitude=300,period=100"
            )
        if key not in KEYS:
            raise DynstudyError(
                f"{called}: {key!r} is not one of {', '.join(KEYS)}{nearest(key, KEYS)}"
            )
        if key in pairs:
            raise DynstudyError(f"{called}: {key} is said twice")
        try:
            pairs[key] = value if key == "loss" else float(value)
        except ValueError:
            raise DynstudyError(f"{called}: {key}={value} is no number") from None
    return pairs


def _as_pair(part: str) -> str:
    """A part of a cell's name that is a loss, or words before a number, as key=value."""
    *words, last = part.split()
    if words in (["width"], ["learning", "rate"]):
        return f"{' '.join(words)}={last}"
    return f"loss={part}" if part in LOSSES else part


def _value(cell: Cell, key: str) -> Any:
    return getattr(cell.configuration, key)


def _shown(value: Any) -> str:
    """As maps print it."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _there(cells: Sequence[Cell], key: str) -> str:
    """The values that some cells have."""
    values = sorted({value for cell in cells if (value := _value(cell, key)) is not None})
    if not values:
        return f"{key} is of no static loss"
    more = ", ..." if len(values) > MOST_LISTED else ""
    return f"{key} is {', '.join(map(_shown, values[:MOST_LISTED]))}{more}"


def named_trial(target: str) -> tuple[str, int] | None:
    """Return the study and the number of ``STUDY#NUMBER``, None where it is not such a name.

    >>> named_trial("quickstart#12"), named_trial("quickstart"), named_trial("quickstart#a")
    (('quickstart', 12), None, None)
    """
    study, hash_, number = target.rpartition("#")
    return (study, int(number)) if hash_ and number.isdecimal() else None


def trial_configuration(study: optuna.Study, number: int) -> Configuration:
    """What a trial of a study trained."""
    trials = study.get_trials(deepcopy=False)
    target = f"{study.study_name}#{number}"
    if not 0 <= number < len(trials):
        raise DynstudyError(
            f"{target}: study {study.study_name!r} has trials 0 to {len(trials) - 1}"
            if trials
            else f"{target}: study {study.study_name!r} has no trial yet"
        )
    configuration = configuration_of(study, trials[number])
    if configuration is None:
        raise DynstudyError(f"{target}: this trial was given up before all was drawn")
    return configuration
