"""Networks that launches are training, so that studies that share cells train none of them twice.

A network is reserved by its key and the launch that trains it. Only what is reserved by a launch
that may be alive keeps others off; what others left behind is theirs who ask next.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from dynstudy.store.database import batches, insert_rows, rows_among
from dynstudy.store.tables import RUNNING, ReservationRow, RunRow


def holders(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    """Which launch has reserved each of some networks; those of none are left out."""
    query = select(ReservationRow.key, ReservationRow.run_id)
    return dict(map(tuple, rows_among(connection, query, ReservationRow.key, keys)))


def hold(connection: Connection, run_id: int, keys: Iterable[str]) -> None:
    """Reserve networks for a launch, whoever had them; the transaction has locked the database."""
    keys = sorted(keys)
    for batch in batches(keys):
        connection.execute(delete(ReservationRow).where(ReservationRow.key.in_(batch)))
    insert_rows(connection, ReservationRow, [{"key": key, "run_id": run_id} for key in keys])


def free(connection: Connection, run_id: int, keys: Iterable[str]) -> None:
    """Free networks, as far as a launch has reserved them."""
    of_launch = delete(ReservationRow).where(ReservationRow.run_id == run_id)
    for batch in batches(sorted(keys)):
        connection.execute(of_launch.where(ReservationRow.key.in_(batch)))


def free_of_ended(connection: Connection) -> None:
    """Free what launches have reserved that ended, lost their study or were deleted with it."""
    of_a_study = RunRow.study_id.is_not(None)
    training = select(RunRow.id).where(RunRow.status == RUNNING, of_a_study)
    connection.execute(delete(ReservationRow).where(ReservationRow.run_id.not_in(training)))
