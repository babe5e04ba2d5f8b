"""Which studies a zoom is: those that an earlier call began, so that it resumes them, or new ones.

A zoom into a point is a sequence of them, each a part of the one before.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from sqlalchemy import select

from dynstudy.errors import SpecError, StudyMismatchError
from dynstudy.store.optuna_private import STUDIES
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.study.zooms import Draw, Ends, part


def zoom_sequence(
    storage: Storage,
    atlas: AtlasSpec,
    bounds: Callable[[AtlasSpec], Ends],
    times: int = 1,
    name: str | None = None,
    pixels: tuple[int, int] | None = None,
    seed: Draw | None = None,
) -> Iterator[AtlasSpec]:
    """Yield the studies of a zoom; nothing is written.

    Args:
        storage: where the atlas is, and the zooms are to be.
        atlas: the first.
        bounds: what each, from the first on, is zoomed to; asked when its zoom is asked for, so
            that they may depend on what it has been trained to meanwhile.
        times: how many zooms, each of the one before.
        name: of the zoom, or of several with a number behind it; if None, the atlas's with
            ``-zoom-`` and the first number that is free, or of this very zoom.
        pixels: as for `part`.
        seed: as for `part`.

    Raises:
        SpecError: there is no such part.
        StudyMismatchError: the name is another study's.
    """
    with storage.engine.connect() as connection:
        taken = set(connection.scalars(select(STUDIES.c.study_name)))
    ours = {study.study_name: study for study in storage.studies()}
    stem = re.sub(r"-zoom-\d+$", "", atlas.name)
    whole = atlas
    for number in range(1, times + 1):
        names: Iterable[str] = (f"{stem}-zoom-{each}" for each in count(1))
        if name is not None:
            names = [name if times == 1 else f"{name}-{number}"]
        which = f"zoom {number} of {times}: " if times > 1 else ""
        try:
            ends = bounds(whole)
            for candidate in names:
                zoom = part(whole, ends, candidate, pixels, seed)
                if candidate not in taken:
                    break
                if candidate in ours and storage.spec(ours[candidate]) == zoom:
                    break  # begun before
            else:
                raise StudyMismatchError(
                    f"study {candidate!r} is in {storage.url} already, and not this zoom; choose "
                    "another --name"
                )
        except SpecError as error:
            raise SpecError(f"{which}{error}") from None
        taken.add(candidate)
        yield zoom
        whole = zoom
