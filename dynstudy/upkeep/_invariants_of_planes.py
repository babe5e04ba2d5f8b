"""What holds for the planes of atlases: each is what its key says, and no pixel outlived it.

Values of pixels are checked as they are read, as all columns are; they have no key of their own.
"""

import json
from collections.abc import Iterator

from sqlalchemy import func, select

from dynstudy.store.checked import ANOTHER_WAY, WAYS_OUT
from dynstudy.store.keys import digest
from dynstudy.store.tables import PixelRow, PlaneRow
from dynstudy.upkeep._finding import Finding, Inspection, Invariant


def _planes(look: Inspection) -> Iterator[Finding]:
    last = select(PixelRow.plane_id, func.max(PixelRow.diverged_at).label("step"))
    last = last.group_by(PixelRow.plane_id)
    diverged_by = {row.plane_id: row.step for row in look.connection.execute(last)}
    for row in look.connection.execute(select(PlaneRow.id, PlaneRow.key, PlaneRow.content)):
        content = json.loads(row.content)
        if row.key != (expected := digest(content)):
            said = f"key is {row.key[:12]}…, its content gives {expected[:12]}…: one was changed"
            yield Finding("dynstudy_plane", f"id {row.id}", said, ANOTHER_WAY)
        elif (diverged_by.get(row.id) or 0) > content["steps"]:
            yield Finding(
                "dynstudy_pixel",
                f"plane_id {row.id}",
                f"diverged_at is {diverged_by[row.id]}, after the last of {content['steps']} steps",
                WAYS_OUT["dynstudy_pixel"],
            )


OF_PLANES = (
    Invariant(
        "planes",
        "the key of a plane is of its content, and its pixels diverged within its steps",
        _planes,
    ),
)
