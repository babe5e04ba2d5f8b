"""Atlases each of which is a part of the one before: a way into the plane."""

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise

import numpy as np

from dynstudy.analysis.atlas import Atlas, read_atlas
from dynstudy.errors import DamagedError, DynstudyError
from dynstudy.store.studies import Storage
from dynstudy.study.differences import differences
from dynstudy.study.kinds.atlas import CHANGE_NO_NETWORK
from dynstudy.study.pixel_axes import PixelAxis

MAY_DIFFER = CHANGE_NO_NETWORK | {"pixels", "seed"}
"""Keys of the study files of an atlas and its zoom."""

ROUNDING = 1e-9

Stretch = tuple[float, float]
"""Of the way along an axis, where a part begins and where it ends."""


def read_zooms(storage: Storage, names: Sequence[str]) -> list[Atlas]:
    """Return atlases from the widest to the nearest.

    Args:
        storage: where they are.
        names: theirs; or one: of a zoom, to which the way leads from the atlas that it came from,
            or of an atlas from which the way leads to its zoom, and to the zoom of that.

    Raises:
        DynstudyError: they are fewer than two, or no parts of each other.
    """
    if len(names) == 1:
        names = [*_wider(storage, names[0]), names[0]]
    if len(names) == 1:
        names = [*names, *_nearer(storage, names[0])]
    if len(names) == 1:
        raise DynstudyError(
            f"{names[0]}: has no zooms; dynstudy zoom {names[0]} --amplitude LOW:HIGH makes one"
        )
    atlases = [read_atlas(storage, name) for name in names]
    for whole, part in pairwise(atlases):
        shares(whole, part)  # or it says why not
    return atlases


def shares(whole: Atlas, part: Atlas) -> tuple[Stretch, Stretch]:
    """Return where a part is in an atlas, to the right and upwards.

    Raises:
        DynstudyError: it is none, or of other networks.
    """
    of_whole, of_part = whole.spec.resolved(), part.spec.resolved()
    axes = {f"space.{axis.name}" for axis in whole.spec.axes}
    for key, before, now in differences(of_whole, of_part):
        an_end = {f"{axis}.{end}" for axis in axes for end in ("low", "high")}
        if key not in MAY_DIFFER | an_end:
            raise DynstudyError(
                f"{part.spec.name}: is no zoom of {whole.spec.name}: {key} was {before}, now {now}"
            )
    right, upwards = map(_share, whole.spec.axes, part.spec.axes)
    for axis, (low, high) in zip(part.spec.axes, (right, upwards), strict=True):
        if low < -ROUNDING or high > 1 + ROUNDING:
            raise DynstudyError(
                f"{part.spec.name}: is no zoom of {whole.spec.name}: its {axis.name} from "
                f"{axis.range.low:g} to {axis.range.high:g} is not within the other's"
            )
    return right, upwards


def _share(whole: PixelAxis, part: PixelAxis) -> Stretch:
    ends = np.array([whole.range.low, whole.range.high, part.range.low, part.range.high])
    low, high, *of_part = whole.scaled(ends).tolist()
    first, last = ((end - low) / (high - low) for end in of_part)
    return first, last


def _wider(storage: Storage, name: str) -> list[str]:
    """The atlases that a zoom came from, the widest first."""
    names: list[str] = []
    spec = storage.spec(storage.study(name))
    there = storage.names()
    while (whole := getattr(spec, "zoom_of", None)) is not None and whole not in {*names, name}:
        if whole not in there:
            raise DynstudyError(
                f"{spec.name}: was zoomed from {whole}, which is not in {storage.url}; name the "
                "atlases, from the widest to the nearest"
            )
        names.insert(0, whole)
        spec = storage.spec(storage.study(whole))
    return names


def _nearer(storage: Storage, name: str) -> list[str]:
    """The zoom of an atlas, and of that, as long as there is one."""
    zooms: dict[str, list[str]] = {}
    for study in storage.studies():
        with suppress(DamagedError):  # which is not asked for
            whole = getattr(storage.spec(study), "zoom_of", None)
            zooms.setdefault(str(whole), []).append(study.study_name)
    names: list[str] = []
    while each := zooms.get(name, []):
        if len(each) > 1:
            raise DynstudyError(
                f"{name}: has several zooms, {', '.join(each)}; name the one that it ends with"
            )
        (name,) = each
        if name in names:
            break
        names.append(name)
    return names
