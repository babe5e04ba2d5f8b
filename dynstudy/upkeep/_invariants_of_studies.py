"""What holds for studies: each says what it is, under a name of its own, in numbered trials."""

from collections import Counter
from collections.abc import Iterator, Sequence

from optuna.trial import TrialState
from sqlalchemy import func, select

from dynstudy.errors import DamagedError, with_article
from dynstudy.store.launches import running
from dynstudy.store.optuna_private import OPTUNA_TABLES, STUDIES, STUDY_ATTRIBUTES, TRIALS
from dynstudy.store.study_rows import SPEC, StudyRow, read_studies
from dynstudy.store.tables import RunRow
from dynstudy.study.spec import StudySpec
from dynstudy.study.tried import configuration_of
from dynstudy.upkeep._finding import FROM_BEFORE, REPLAYED, Finding, Inspection, Invariant
from dynstudy.upkeep._trials_read import TrialRead, read_trials

COMPLETE, RUNNING = TrialState.COMPLETE, TrialState.RUNNING


def readable_studies(look: Inspection) -> Iterator[tuple[StudyRow, StudySpec]]:
    """The studies whose file can be read."""
    for study in read_studies(look.connection):
        try:
            yield study, look.storage.spec(study)
        except DamagedError:
            continue


def way_out_of_trials(study: StudyRow, spec: StudySpec) -> str:
    """Of what is wrong with the trials of a study."""
    return REPLAYED.format(study=study.study_name) if spec.on_grid else FROM_BEFORE


def of_trial(study: StudyRow, spec: StudySpec, number: object, problem: str) -> Finding:
    """What is wrong with a trial."""
    where = f"study {study.study_name!r}, number {number}"
    return Finding("trials", where, problem, way_out_of_trials(study, spec))


def _specs(look: Inspection) -> Iterator[Finding]:
    for study in read_studies(look.connection):
        try:
            spec = look.storage.spec(study)
        except DamagedError as error:
            problem, _, out = str(error).partition(f"{study.study_name!r}, ")[2].rpartition("; ")
            where = f"study {study.study_name!r}"
            yield Finding("study_user_attributes", where, problem or str(error), out or FROM_BEFORE)
            continue
        table = OPTUNA_TABLES.tables["study_directions"]
        query = select(table.c.direction).where(table.c.study_id == study.number)
        rows = look.connection.scalars(query.order_by(table.c.objective)).all()
        directions = [direction.name.lower() for direction in rows]
        if directions != spec.directions:
            said = f"it is to {' and '.join(directions) or 'aim at nothing'}, and its file to "
            said += " and ".join(spec.directions)
            where = f"study {study.study_name!r}"
            yield Finding("study_directions", where, said, way_out_of_trials(study, spec))
    names = Counter(look.connection.scalars(select(STUDIES.c.study_name)))
    for name, count in names.items():
        if count > 1:
            said = f"{count} studies have this name"
            yield Finding("studies", f"study {name!r}", said, "any dynstudy run tells them apart")


def _unsaid(look: Inspection) -> Iterator[Finding]:
    """A launch that was killed before it could say what its study is leaves nothing in it."""
    said = select(STUDY_ATTRIBUTES.c.study_id).where(STUDY_ATTRIBUTES.c.key == SPEC)
    ours = select(RunRow.study_id).where(RunRow.study_id.is_not(None))
    count = select(func.count()).where(TRIALS.c.study_id == STUDIES.c.study_id).scalar_subquery()
    query = select(STUDIES.c.study_id, STUDIES.c.study_name, count)
    query = query.where(STUDIES.c.study_id.in_(ours), STUDIES.c.study_id.not_in(said))
    for number, name, trials in look.connection.execute(query).all():
        problem = f"study_id {number} has launches and {trials} trials, and no {SPEC}"
        yield Finding("studies", f"study {name!r}", problem, FROM_BEFORE)


def _numbers(look: Inspection) -> Iterator[Finding]:
    for study, spec in readable_studies(look):
        query = select(TRIALS.c.number).where(TRIALS.c.study_id == study.number)
        numbers = Counter(look.connection.scalars(query))
        for number, count in numbers.items():
            if count > 1:
                yield of_trial(study, spec, number, f"{count} trials have this number")
        for number in sorted(set(range(max(numbers, default=-1))) - set(numbers)):
            yield of_trial(
                study, spec, number, "no trial has this number, and later ones are there"
            )


def _states(look: Inspection) -> Iterator[Finding]:
    busy = running(look.storage.engine)
    for study, spec in readable_studies(look):
        trials = read_trials(look.connection, study.number)
        waiting = [trial for trial in trials if trial.state == RUNNING]
        if spec.suggests:
            if waiting and study.number not in busy:
                said = f"{len(waiting)} trials wait to be trained, which dynstudy run goes on with"
                where = f"study {study.study_name!r}"
                yield Finding("trials", where, said, broken=False)
            yield from _repeated(look, study, spec, [])
            continue
        for trial in trials:
            if trial.state != COMPLETE:
                whose = with_article(spec.title)
                said = f"it is {trial.state.name}, and all trials of {whose} are COMPLETE"
                yield of_trial(study, spec, trial.number, said)
        yield from _repeated(look, study, spec, trials)


def _repeated(
    look: Inspection, study: StudyRow, spec: StudySpec, trials: Sequence[TrialRead]
) -> Iterator[Finding]:
    """Cells of a grid that are trials twice, or trials that are none of its cells."""
    if not trials:
        return
    grid = {cell.configuration for cell in getattr(spec, "grid_cells", spec.cells_ahead)()}
    first: dict[object, int] = {}
    for trial in trials:
        if trial.state != COMPLETE:
            continue
        configuration = configuration_of(study, trial)  # type: ignore[arg-type] # as much of both
        if configuration is None:
            continue
        before = first.setdefault(configuration, trial.number)
        if before != trial.number:
            said = f"it has the cell of trial number {before} again"
            yield of_trial(study, spec, trial.number, said)
        elif configuration not in grid:
            yield of_trial(study, spec, trial.number, f"its cell ({configuration}) is none of it")


OF_STUDIES = (
    Invariant("studies", "a study says what it is, under a name of its own", _specs),
    Invariant("files", "a study that was launched has its file", _unsaid),
    Invariant("numbers", "the trials of a study are numbered without gaps", _numbers),
    Invariant("states", "every cell of a grid is a complete trial, once", _states),
)
