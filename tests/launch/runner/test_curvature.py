"""Curvature in a study: from its table to SQL, grown, interrupted, and of networks that diverge."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, event, select, text

import dynstudy
from dynstudy.config import Configuration
from dynstudy.errors import BackendError, StudyMismatchError
from dynstudy.launch.replicates import to_arrays
from dynstudy.measure.measures import MEASURES
from dynstudy.measure.records import mean_losses
from dynstudy.store.ledger import Landing, Ledger
from dynstudy.store.series import COUNTS
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
from dynstudy.study.kinds.map import MapSpec
from dynstudy.train import Curvature, train
from tests.launch.recorded import networks, trials
from tests.planted import SMALL, small_map, small_search

CURVATURE = {"records": {"every": 60}, "smallest": True, "loss": True}
SPACE = {"learning_rate": 1.0, "amplitude": 30, "period": 30, "width": 5}
NUMBER = 8 + 2
"""Networks: those of the static loss, and of one cell."""


def spec_with(curvature: dict[str, Any] | None, **changes: Any) -> MapSpec:
    protocol = SMALL["protocol"] | ({} if curvature is None else {"curvature": curvature})
    return small_map(**({"space": SPACE, "protocol": protocol} | changes))


def everything(storage: Storage, spec: MapSpec) -> dict[Any, Any]:
    """What was read of each network, by configuration and seed."""
    ledger = Ledger(storage.engine, spec.protocol)
    configurations = [cell.configuration for cell in spec.grid_cells()]
    return {
        (configuration, seed): named
        for configuration, of_cell in ledger.networks(configurations).items()
        for seed, (_, named) in of_cell.items()
    }


def test_what_is_recorded_is_what_the_engine_reads(storage: Storage) -> None:
    spec = spec_with(CURVATURE)
    assert dynstudy.run(spec, storage=storage, backend="cpu").trained == NUMBER
    steps = (60, 61, 120, 121, 180, 181)
    read = everything(storage, spec)
    for cell in spec.grid_cells():
        replicates = [dynstudy.config.Replicate(cell.configuration, seed) for seed in cell.seeds]
        asked = Curvature(steps, largest=2, smallest=1, onsets=True, climbs=True)
        networks, data = to_arrays(replicates, spec.protocol)
        outcome = train(
            networks, data, backend="cpu", checkpoints=[200], curvature=asked, trace=True
        )
        for b, seed in enumerate(cell.seeds):
            named = read[cell.configuration, seed]
            assert named["eigenvalues"].steps == steps
            values, residuals = outcome.spectra.values[b], outcome.spectra.residuals[b]
            expected = np.concatenate([values[:, :2], residuals[:, :2]], axis=1)
            np.testing.assert_allclose(named["eigenvalues"].values, expected, rtol=1e-8)
            smallest = np.stack([values[:, 2], residuals[:, 2]], axis=1)
            np.testing.assert_allclose(named["smallest_eigenvalue"].values, smallest, rtol=1e-8)
            onsets, climbs = outcome.onsets, outcome.climbs
            assert named["onsets"].steps == named["uphill"].steps == (200,)
            assert named["onsets"].values[0, 2] == onsets.count[b]
            first = named["onsets"].values[0, 0]
            assert np.isnan(first) if onsets.first[b] < 0 else first == onsets.first[b]
            at_first = *onsets.eigenvalues[b], *onsets.differences[b]
            np.testing.assert_array_equal(named["onsets"].values[0, 4:], at_first)
            uphill = [climbs.steps[b], climbs.uphill[b], climbs.episodes[b]]
            assert named["uphill"].values.tolist() == [uphill]
            assert named["loss"].steps == (60, 120, 180, 200)
            means = [part.mean() for part in np.split(outcome.losses[b], [60, 120, 180])]
            (read_means,) = mean_losses(named["loss"].steps, named["loss"].values.T)
            np.testing.assert_allclose(read_means, means, rtol=1e-5)


def test_sql_reads_it_and_its_measures(storage: Storage) -> None:
    spec = spec_with(CURVATURE)
    dynstudy.run(spec, storage=storage, backend="cpu")
    query = (
        "SELECT dynstudy_steps.steps, readings, amplitude, learning_rate, largest_curvature, "
        "share_past_edge "
        "FROM dynstudy_series JOIN dynstudy_steps ON dynstudy_steps.id = steps_id "
        "JOIN dynstudy_replicate r ON r.id = replicate_id WHERE name = 'eigenvalues'"
    )
    uphill = (
        "SELECT json_extract(readings, '$[1][0]') * 1.0 / json_extract(readings, '$[0][0]'), "
        "share_uphill FROM dynstudy_series JOIN dynstudy_replicate r ON r.id = replicate_id "
        "WHERE name = 'uphill'"
    )
    with storage.engine.connect() as connection:
        rows = connection.execute(text(query)).all()
        shares = connection.execute(text(uphill)).all()
    assert len(rows) == len(shares) == NUMBER
    for steps, readings, amplitude, rate, largest, share in rows:
        of = dict(zip(json.loads(steps), json.loads(readings)[0], strict=True))
        ends = 200 if amplitude is None else 150
        edge = [(of[k] + of[k + 1]) / 2 * rate / 2 for k in (60, 120, 180) if k + 1 < ends]
        assert largest == pytest.approx(max(edge))
        assert share == pytest.approx(np.mean(np.array(edge) > 1))
    for share, recorded in shares:
        assert share == pytest.approx(recorded)


def test_a_study_grows_by_it_and_keeps_all_that_it_had(storage: Storage) -> None:
    plain, asked = spec_with(None), spec_with(CURVATURE)
    dynstudy.run(plain, storage=storage, backend="cpu")
    before, values = everything(storage, plain), [trial.value for trial in trials(storage)]
    with pytest.raises(StudyMismatchError, match=r"curvature.*--extend"):
        dynstudy.run(asked, storage=storage, backend="cpu")
    assert dynstudy.run(asked, storage=storage, backend="cpu", extend=True).trained == NUMBER
    after = everything(storage, asked)
    assert networks(storage) == NUMBER
    assert [trial.value for trial in trials(storage)] == values
    for network, named in after.items():
        assert named.keys() > {*COUNTS}
        for name in COUNTS:
            np.testing.assert_array_equal(named[name].values, before[network][name].values)
    assert dynstudy.run(asked, storage=storage, backend="cpu").trained == 0
    with pytest.raises(StudyMismatchError, match="new name"):  # it would not read what it did
        dynstudy.run(plain, storage=storage, extend=True)
    under_a_name = spec_with(None, name="plain")
    assert dynstudy.run(under_a_name, storage=storage).trained == 0


def test_two_studies_that_ask_for_different_things_end_with_both(storage: Storage) -> None:
    few = {"eigenvalues": 3, "onsets": False, "uphill": False, "loss": True}
    first = spec_with({"records": [20, 40]} | few)
    second = spec_with({"records": [40, 90], "eigenvalues": 1, "loss": True}, name="second")
    assert dynstudy.run(first, storage=storage, backend="cpu").trained == NUMBER
    before = everything(storage, first)
    assert dynstudy.run(second, storage=storage, backend="cpu").trained == NUMBER
    for spec in (first, second):
        assert dynstudy.run(spec, storage=storage, backend="cpu").trained == 0
    for network, named in everything(storage, second).items():
        assert named["eigenvalues"].steps == (20, 21, 40, 41, 90, 91)
        assert named["eigenvalues"].values.shape == (6, 6)
        earlier = before[network]["eigenvalues"].values
        np.testing.assert_array_equal(named["eigenvalues"].values[:4], earlier)
        assert {"onsets", "uphill"} <= named.keys()
        assert named["loss"].steps == (20, 40, 90, 200)
        assert (mean_losses(named["loss"].steps, named["loss"].values.T) > 0).all()
    more = spec_with({"records": [40], "eigenvalues": 4}, name="third")
    assert dynstudy.run(more, storage=storage, backend="cpu").trained == NUMBER
    for spec in (first, second, more):
        assert dynstudy.run(spec, storage=storage, backend="cpu").trained == 0


@pytest.mark.usefixtures("small_chunks")
def test_it_goes_on_where_it_was_stopped(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, asked = spec_with(None), spec_with(CURVATURE)
    dynstudy.run(plain, storage=storage, backend="cpu")
    recorded: list[int] = []

    class Killed(BaseException):
        pass

    def add_all(ledger: Ledger, chunks: Sequence[Landing], **named: Any) -> None:
        real(ledger, chunks[:1], **named)
        recorded.append(len(chunks[0].records))
        raise Killed

    real = Ledger.add_all
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "add_all", add_all)
        with pytest.raises(Killed):
            dynstudy.run(asked, storage=storage, backend="cpu", extend=True)
    left = NUMBER - recorded[0]
    assert 0 < left < NUMBER
    assert dynstudy.run(asked, storage=storage, backend="cpu").trained == left
    assert all("uphill" in named for named in everything(storage, asked).values())


def test_a_diverged_network_is_read_until_then_and_not_again(storage: Storage) -> None:
    space = SPACE | {"learning_rate": 3e3}
    spec = spec_with({"records": {"every": 1}, "loss": True}, loss="dmse1", space=space)
    done = dynstudy.run(spec, storage=storage, backend="cpu")
    assert done.diverged == NUMBER
    assert dynstudy.run(spec, storage=storage, backend="cpu").trained == 0
    ledger = Ledger(storage.engine, spec.protocol)
    for of_cell in ledger.networks([cell.configuration for cell in spec.grid_cells()]).values():
        for diverged_at, named in of_cell.values():
            assert diverged_at is not None
            assert named["uphill"].steps == (diverged_at,)
            steps = named["eigenvalues"].steps if "eigenvalues" in named else ()
            assert steps == tuple(range(1, diverged_at))
            assert (named["loss"].steps if "loss" in named else ()) == steps
    loaded = ledger.load([Configuration("mse", 5, 3e3)])
    assert loaded[["largest_curvature", "share_uphill"]].isna().all(axis=None)


def test_a_search_reads_it_as_well(storage: Storage) -> None:
    protocol = SMALL["protocol"] | {"curvature": {"records": [40]}}
    search = small_search(protocol=protocol)
    assert dynstudy.run(search, storage=storage, backend="cpu").trained == 16
    assert dynstudy.run(search, storage=storage, backend="cpu").trained == 0
    cells_read = dynstudy.open(storage)["search"].map()
    assert cells_read[["largest_curvature", "share_uphill"]].notna().all(axis=None)


def statements(engine: Engine) -> list[str]:
    made: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: made.append(given[2]))
    return made


def test_a_study_without_it_reads_none_of_it(storage: Storage) -> None:
    asked, plain = spec_with(CURVATURE), spec_with(None, name="plain")
    dynstudy.run(asked, storage=storage, backend="cpu")
    made = statements(storage.engine)
    assert dynstudy.run(plain, storage=storage).trained == 0
    table = dynstudy.open(storage.url)["plain"].map()
    selected = [each for each in made if each.startswith("SELECT")]
    of_curvature = [name for name, measure in MEASURES.items() if measure.series]
    assert any("dynstudy_replicate.forgetting" in each for each in selected)
    assert not any(
        f"dynstudy_replicate.{name}" in each for each in selected for name in of_curvature
    )
    assert table[of_curvature].isna().all(axis=None)


def test_a_backend_that_watches_for_nothing_is_refused_before_anything_is_written(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynstudy.train.backends.autograd.refusal", no_watch, raising=False)
    with pytest.raises(BackendError, match="watches for nothing; use --backend cpu"):
        dynstudy.run(spec_with(CURVATURE), storage=storage, backend="autograd")
    assert not storage.names()
    dynstudy.run(spec_with({"onsets": False, "uphill": False}), storage=storage, backend="autograd")
    with storage.engine.connect() as connection:
        assert set(connection.scalars(select(ReplicateRow.backend))) == {"autograd"}


def no_watch(demand: Any) -> str | None:
    return "watches for nothing" if demand.onsets or demand.climbs else None
