"""Exports: what is chosen and confirmed, and whether reproduce tells true files from false."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tomli_w
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from sqlalchemy import select

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.config import Replicate
from dynstudy.errors import ExportError, Interrupted
from dynstudy.export.export_file import Export, load_export, to_text
from dynstudy.export.exporting import export
from dynstudy.export.replicate_table import check_library, replicates, write_replicates
from dynstudy.export.reproducing import BIT_EQUAL, STATISTICAL, reproduce
from dynstudy.export.weights import add_weights, check_weights
from dynstudy.export.words import FileFormat
from dynstudy.launch.follow import train_curve
from dynstudy.launch.replicates import Task, draw_data, train_replicates
from dynstudy.launch.training import Training
from dynstudy.measure.accuracy import standard_error
from dynstudy.store.launches import launches
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
from dynstudy.study.confirmation import FRESH, fresh_protocol
from dynstudy.study.spec import StudySpec
from tests.planted import SMALL, SearchMaker, SpecMaker


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 8]}
    spec = StudySpec.of(SMALL | {"replicates": 3, "loss": ["ce", "dce"], "space": space})
    storage = Storage(f"sqlite:///{tmp_path_factory.mktemp('studied')}/studies.db", create=True)
    dynstudy.run(spec, storage=storage)
    return storage


@pytest.fixture(scope="module")
def made(studied: Storage) -> Export:
    return export(studied, "small", top=2, confirm=2)


def changed(made: Export, path: str, value: Any, *, sealed: bool = False) -> Export:
    """The file with one value replaced, by someone who forges the seals as well or does not."""
    contents = made.resolved()
    *way, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    place: Any = contents
    for part in way:
        place = place[part]
    place[last] = value
    forged = Export.model_validate(contents)
    return forged.sealed() if sealed else forged


def test_the_best_are_chosen_and_confirmed_on_what_nothing_was_chosen_on(
    studied: Storage, made: Export
) -> None:
    frame = pd.DataFrame([
        (trial.value, trial.number) for trial in studied.study("small").trials
    ]).sort_values(0, ascending=False, kind="stable")
    assert [entry.trial for entry in made.configuration] == frame[1].head(2).tolist()
    protocol = fresh_protocol(made.protocol)
    assert protocol.data.validation_seed == made.fresh_validation_seed == FRESH + 1
    for entry in (*made.configuration, *made.baseline):
        # an independent oracle: the same networks trained by themselves
        assert entry.confirmed is not None
        count = 8 if entry.configuration.static else 2
        tasks = [
            Task(Replicate(entry.configuration, FRESH + seed), (protocol.steps,))
            for seed in range(count)
        ]
        if entry.configuration.static:
            records, _ = train_replicates(tasks, protocol)
            assert entry.confirmed.val_accuracies == [r.val_accuracy for r in records]
        assert entry.confirmed.first_seed == FRESH
        assert entry.confirmed.replicates == count
        own = np.array(entry.confirmed.val_accuracies)
        assert entry.confirmed.val_accuracy == pytest.approx(own.mean())
        assert entry.confirmed.sem == pytest.approx(standard_error(own))
    static = {e.configuration: e for e in (*made.configuration, *made.baseline)}
    for entry in made.configuration:
        if not entry.configuration.static:
            against = static[entry.configuration.baseline()]
            for name in ("found", "confirmed"):
                gain = getattr(entry, name).val_accuracy - getattr(against, name).val_accuracy
                assert getattr(entry, name).gain == pytest.approx(gain)


def test_a_second_export_trains_nothing_and_no_confirmation_is_possible(
    studied: Storage, made: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Training, "_launched", lambda *_: pytest.fail("it trains"))
    again = export(studied, "small", top=2, confirm=2)
    assert again.configuration == made.configuration
    unconfirmed = export(studied, "small", confirm=0)
    assert unconfirmed.configuration[0].confirmed is None
    assert unconfirmed.configuration[0].found == made.configuration[0].found


def test_per_width_and_per_loss_take_the_best_of_each(studied: Storage) -> None:
    per_width = export(studied, "small", per="width", confirm=0).configuration
    assert [entry.width for entry in per_width] == [5, 8]
    per_loss = export(studied, "small", per="loss", top=2, confirm=0).configuration
    assert [entry.loss for entry in per_loss] == ["ce", "ce", "dce", "dce"]
    found = regime_map(studied, "small")
    front = export(studied, "small", per="pareto", confirm=0).configuration
    expected = found.pareto_front()
    assert [entry.width for entry in front] == expected.width.tolist()
    assert [entry.found.val_accuracy for entry in front if entry.found] == pytest.approx(
        expected.val_accuracy.tolist()
    )
    by_gain = export(studied, "small", by="gain", top=8, confirm=0).configuration
    gains = [entry.found.gain for entry in by_gain if entry.found]
    assert gains == sorted(gains, reverse=True)
    assert not any(entry.configuration.static for entry in by_gain)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"top": 11}, "has only 10 cells"),
        ({"top": 6, "per": "width"}, "has only 5 cells of any width"),
        ({"top": 9, "by": "gain"}, "has only 8 cells"),
    ],
)
def test_more_than_there_is_cannot_be_exported(
    options: dict[str, Any], said: str, studied: Storage
) -> None:
    with pytest.raises(ExportError, match=said):
        export(studied, "small", **options)


def test_a_study_without_complete_cells_or_gains_says_so(
    storage: Storage, make_spec: SpecMaker, make_search: SearchMaker
) -> None:
    storage.open_study(make_spec())
    with pytest.raises(ExportError, match="'small' has no complete cell yet; run it first"):
        export(storage, "small")
    dynstudy.run(make_search(), storage=storage)
    with pytest.raises(ExportError, match=r"no cell with a gain.*use --by val_accuracy"):
        export(storage, "search", by="gain")
    made = export(storage, "search")  # confirmation trains the baseline as well
    assert made.configuration[0].found is not None
    assert made.configuration[0].found.gain is None
    assert made.configuration[0].confirmed is not None
    assert made.configuration[0].confirmed.gain is not None


def fresh_seeds(storage: Storage) -> set[tuple[str, int]]:
    """Networks that a confirmation has trained on the fresh validation spiral."""
    query = select(ReplicateRow.configuration, ReplicateRow.seed).where(ReplicateRow.seed >= FRESH)
    with storage.engine.connect() as connection:
        return {(key, seed) for key, seed in connection.execute(query)}


def test_told_to_stop_confirmation_keeps_what_it_trained(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    original = Training._record

    def stop_after(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self.stop_after_chunk.set()

    monkeypatch.setattr(Training, "_record", stop_after)
    monkeypatch.setattr("dynstudy.launch.chunks.CHUNK_SECONDS", 0.0)
    with pytest.raises(Interrupted, match="the same command resumes it"):
        export(storage, "small")
    monkeypatch.undo()
    assert len(kept := fresh_seeds(storage)) == 2
    number = storage.study_id(storage.study("small"))
    assert [run.status for run in launches(storage.engine, number)] == ["complete", "interrupted"]
    export(storage, "small")
    assert kept < fresh_seeds(storage)


def test_a_file_gives_back_every_bit(made: Export, tmp_path: Path) -> None:
    path = tmp_path / "best.toml"
    path.write_text(to_text(made, FileFormat.toml), encoding="utf-8")
    assert load_export(path) == made
    assert load_export(path).changed() == []
    assert json.loads(to_text(made, FileFormat.json)) == made.resolved()


def test_what_was_exported_is_reproduced_bit_for_bit(made: Export) -> None:
    done = reproduce(made)
    assert (done.test, done.problems) == (BIT_EQUAL, [])
    assert len(done.rows) == 2 * len((*made.configuration, *made.baseline))


def test_another_backend_is_tested_within_joint_standard_errors(made: Export) -> None:
    done = reproduce(made, backend="autograd")
    assert (done.test, done.problems) == (STATISTICAL, [])


CHANGES = [
    ("configuration/0/found/val_accuracy", 0.99, "configuration.1.found.val_accuracy"),
    (
        "configuration/1/confirmed/val_accuracies/0",
        0.99,
        "configuration.2.confirmed.val_accuracies.1",
    ),
    ("configuration/0/found/train_accuracy", 0.99, "configuration.1.found.train_accuracy"),
    ("configuration/0/confirmed/sem", 0.5, "configuration.1.confirmed.sem"),
    ("configuration/0/found/regime", "useful", "configuration.1.found.regime"),
    ("provenance/created", "yesterday", "provenance.created"),
    ("protocol/data/noise", 0.3, "protocol.data.noise"),
    ("configuration/0/width", 6, "configuration.1.width"),
    ("digest", "0" * 64, "digest"),
]


@pytest.mark.parametrize(("path", "value", "named"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_changed_value_is_named(path: str, value: Any, named: str, made: Export) -> None:
    problems = reproduce(changed(made, path, value)).problems
    assert f"since the file was written, something was changed: {named}" in problems


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("configuration/0/found/val_accuracy", 0.99, "val_accuracy is 0.99, its val_accuracies"),
        (
            "configuration/0/confirmed/train_accuracy",
            0.99,
            "train_accuracy is 0.99, training gives",
        ),
        ("configuration/0/found/replicates", 2, "replicates is 2, but val_accuracies has"),
        ("configuration/0/width", 6, "its key is not that of its loss, width"),
        ("protocol/steps", 300, "its key is not that of its loss, width"),
    ],
)
def test_a_forged_seal_does_not_help(path: str, value: Any, said: str, made: Export) -> None:
    done = reproduce(changed(made, path, value, sealed=True))
    assert not done.passed
    assert said in " ".join(done.problems)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_accuracies_that_were_never_reached_are_found_out(elsewhere: bool, made: Export) -> None:
    """Consistent among themselves, sealed, and false; here and on another machine."""
    contents = made.resolved()
    for entry in (*contents["configuration"], *contents["baseline"]):
        own = entry["confirmed"]
        own["val_accuracies"] = [accuracy + 0.4 for accuracy in own["val_accuracies"]]
        own["val_accuracy"] += 0.4
    if elsewhere:
        contents["provenance"]["trained"][0]["processor"] = "another"
    done = reproduce(Export.model_validate(contents).sealed())
    assert done.test == (STATISTICAL if elsewhere else BIT_EQUAL)
    said = "joint standard errors away" if elsewhere else "val_accuracies of seed 1000000 is"
    assert all(said in problem or not elsewhere for problem in done.problems)
    assert said in " ".join(done.problems)


def test_weights_are_those_of_a_torch_module(made: Export, tmp_path: Path) -> None:
    exported = add_weights(made, tmp_path / "best.safetensors")
    entry = exported.configuration[0]
    assert entry.weights is not None
    assert entry.found is not None
    width = entry.width
    model = torch.nn.Sequential(
        torch.nn.Linear(2, width), torch.nn.ReLU(), torch.nn.Linear(width, 3)
    )
    model.load_state_dict(load_file(tmp_path / "best.safetensors"))
    data = draw_data(made.protocol.data, [0])
    right = model(torch.tensor(data.validation_x, dtype=torch.float32)).argmax(-1).numpy()
    assert (right == data.validation_y).mean() == pytest.approx(max(entry.found.val_accuracies))
    assert check_weights(entry, exported.protocol, tmp_path) == []
    assert reproduce(exported).passed

    path = tmp_path / "best.safetensors"
    tensors = load_file(path)
    save_file({name: tensor * 1.5 for name, tensor in tensors.items()}, path)
    assert "was changed" in " ".join(check_weights(entry, exported.protocol, tmp_path))
    narrow = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3))
    save_file(narrow.state_dict(), path)
    (problem,) = check_weights(entry, exported.protocol, tmp_path)
    assert f"is of width 4, the configuration of width {width}" in problem
    path.write_bytes(b"junk")
    assert "cannot be read" in check_weights(entry, exported.protocol, tmp_path)[0]
    path.unlink()
    assert "is not there" in check_weights(entry, exported.protocol, tmp_path)[0]


def write(tmp_path: Path, contents: str | bytes, name: str = "bad.toml") -> Path:
    path = tmp_path / name
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return path


def test_what_is_no_export_is_refused_in_one_line(made: Export, tmp_path: Path) -> None:
    good = made.resolved()
    bad = [
        ("{", "is damaged, or no TOML"),
        (b"\xff\xfe", "is damaged, or no TOML"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ('name = "x"', "is not an export of dynstudy"),
        (tomli_w.dumps(good | {"dynstudy_export": 2}), "is an export of version 2"),
        (tomli_w.dumps(good | {"extra": 2}), "unknown key 'extra'"),
        (tomli_w.dumps(good | {"configuration": []}), "is damaged"),
        (tomli_w.dumps(good | {"selection": good["selection"] | {"by": "luck"}}), "selection.by"),
        (tomli_w.dumps({k: v for k, v in good.items() if k != "study"}), "'study' is missing"),
    ]
    for contents, said in bad:
        with pytest.raises(ExportError) as caught:
            load_export(write(tmp_path, contents))
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(ExportError, match="no such file"):
        load_export(tmp_path / "absent.toml")


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml", ".txt", ""])
def test_what_is_no_toml_is_told_the_way_out(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path, "dynstudy_export: 1", f"best{suffix}")
    with pytest.raises(ExportError) as caught:
        load_export(path)
    assert str(caught.value) == (
        f"{path}: must end in .toml: exports are read as TOML alone; make one with dynstudy export "
        "STUDY --out FILE.toml"
    )


@given(contents=st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_no_file_crashes_the_reader(
    contents: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(ExportError):
        load_export(write(tmp_path_factory.getbasetemp(), contents, "fuzzed.toml"))


def test_a_whole_study_is_a_row_per_network_in_every_format(
    studied: Storage, tmp_path: Path
) -> None:
    frame = replicates(studied, "small")
    assert len(frame) == 2 * 12 + 8 * 3
    spec = studied.spec(studied.study("small"))
    ledger = Ledger(studied.engine, spec.protocol)
    for form in FileFormat:
        if not form.whole_study:
            continue
        check_library(form)
        write_replicates(frame, form, tmp_path / f"all.{form}", "small")
    text = pd.read_csv(tmp_path / "all.csv")
    columns = pd.read_parquet(tmp_path / "all.parquet")
    cube = xr.open_dataset(tmp_path / "all.netcdf", engine="scipy")
    for trial in studied.study("small").trials:
        for read in (frame, text, columns):
            own = read[read.trial == trial.number]
            assert own.val_accuracy.mean() == pytest.approx(trial.value)
        p = trial.params
        cell = cube.val_accuracy.sel(
            loss=p["loss"],
            width=p["width"],
            amplitude=p.get("amplitude", 1),
            period=p.get("period", 0),
            learning_rate=1.0,
        )
        assert float(cell.mean()) == pytest.approx(trial.value)
    cube.close()
    assert set(frame.ledger_configuration) == {
        ledger.key(cell.configuration) for cell in spec.grid_cells()
    }


def test_a_search_has_no_cube_but_an_axis_of_configurations(
    storage: Storage, make_search: SearchMaker, tmp_path: Path
) -> None:
    dynstudy.run(make_search(), storage=storage)
    frame = replicates(storage, "search")
    write_replicates(frame, FileFormat.netcdf, tmp_path / "all.nc", "search")
    cube = xr.open_dataset(tmp_path / "all.nc", engine="scipy")
    assert dict(cube.sizes) == {"configuration": 8, "seed": 2}
    first = frame.iloc[0]
    same = (cube.width == first.width) & (cube.period == first.period)
    values = cube.val_accuracy.where(same, drop=True).sel(seed=first.seed)
    assert first.val_accuracy in values.to_numpy()
    cube.close()


@pytest.mark.parametrize("backend", ["cpu", "autograd"])
def test_a_curve_ends_where_the_ledger_says_and_shows_the_weights(
    backend: str, studied: Storage
) -> None:
    spec = studied.spec(studied.study("small"))
    ledger = Ledger(studied.engine, spec.protocol)
    trial = next(t for t in studied.study("small").trials if t.params.get("period") == 30)
    configuration = dynstudy.config.Configuration(**trial.params)
    curve = train_curve(configuration, spec.protocol, seed=1, points=40, backend=backend)
    end = curve[(curve.step == 200) & (curve["set"] == "validation")]
    recorded = ledger.load([configuration]).set_index("seed").val_accuracy[1]
    assert end.accuracy.mean() == pytest.approx(recorded)
    assert curve.step.nunique() == 41
    peak = curve[(curve.step == 15) & (curve["set"] == "train")].weight.tolist()
    a = configuration.amplitude
    assert a is not None
    assert peak == pytest.approx([3 * a / (a + 2), 3 / (a + 2), 3 / (a + 2)])
    tail = curve[curve.step >= 150].weight
    assert tail.tolist() == pytest.approx([1.0] * len(tail))


def test_a_curve_stops_where_the_network_diverges(make_spec: SpecMaker) -> None:
    configuration = dynstudy.config.Configuration("dmse1", 5, 1e6, 3.0, 10)
    curve = train_curve(configuration, make_spec().protocol, points=50)
    assert curve.step.max() < 200
    assert np.isfinite(curve.loss).all()
