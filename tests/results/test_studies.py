"""The studies of a database, opened to be read."""

import hashlib
import shutil
from contextlib import chdir
from pathlib import Path

import pytest

import dynstudy
from dynstudy.errors import NoDatabaseError, StorageError, StudyNotFoundError
from dynstudy.launch.runner import run
from dynstudy.store.studies import Storage
from tests.command import dynstudy as command
from tests.conftest import DATA
from tests.planted import SpecMaker, plant


def contents(folder: Path) -> dict[str, str]:
    """The files of a folder, by what is in them."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def two(storage: Storage, make_spec: SpecMaker) -> dynstudy.Studies:
    plant(storage, make_spec())
    storage.open_study(make_spec(name="<b>other</b>", loss="dmse1"))
    return dynstudy.open(storage)


def test_studies_are_listed_and_taken_by_name(two: dynstudy.Studies) -> None:
    assert [study.name for study in two] == two.names == ["<b>other</b>", "small"]
    assert len(two) == 2
    assert "small" in two
    assert "smal" not in two
    assert two._ipython_key_completions_() == two.names
    assert two["small"].state == "complete"
    assert two["<b>other</b>"].state == "incomplete"
    with pytest.raises(StudyNotFoundError, match="did you mean 'small'"):
        two["smal"]
    with pytest.raises(TypeError, match=r"by name, as in studies\['quickstart'\], not 0"):
        two[0]  # type: ignore[index]


def test_the_table_of_studies_says_what_list_says(two: dynstudy.Studies, tmp_path: Path) -> None:
    other, small = two.table().to_dict("records")
    assert (small["name"], small["kind"], small["losses"]) == ("small", "map", "dce")
    assert (small["cells"], small["networks"]) == (5, 16)
    assert (other["state"], other["networks"]) == ("incomplete", 0)


def test_studies_show_themselves_and_names_are_texts(two: dynstudy.Studies) -> None:
    html = two._repr_html_()
    assert "<b>other" not in html
    assert "&lt;b&gt;other&lt;/b&gt;" in html
    assert "2 studies in sqlite:///" in html
    for shown in (repr(two), html):
        for word in ("small", "map", "dce", "complete", "16"):
            assert word in shown


def test_a_database_is_a_path_a_url_or_what_the_environment_names(
    two: dynstudy.Studies, make_spec: SpecMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "studies.db"
    for storage in (path, str(path), f"sqlite:///{path}"):
        assert dynstudy.open(storage).names == two.names
    monkeypatch.chdir(tmp_path)
    assert dynstudy.open("studies.db").names == two.names
    Storage("sqlite:///storage/dynstudy.db", create=True).open_study(make_spec(name="default"))
    assert dynstudy.open().names == ["default"]
    monkeypatch.setenv("DYNSTUDY_STORAGE", str(path))
    assert dynstudy.open().names == two.names


def test_what_was_opened_stays_open_when_the_working_directory_changes(
    two: dynstudy.Studies, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    with chdir(tmp_path):
        studies = dynstudy.open("studies.db")
    with chdir(tmp_path / "elsewhere"):
        assert studies.names == two.names
        assert len(studies["small"].map()) == 5
    assert not list((tmp_path / "elsewhere").iterdir())


def test_python_and_the_commands_take_the_same_path(make_spec: SpecMaker, tmp_path: Path) -> None:
    with chdir(tmp_path):
        run(make_spec(), storage="mine.db").storage.engine.dispose()
    out, _ = command(tmp_path, "list", "--storage", "mine.db")
    assert "small" in out
    assert dynstudy.open(tmp_path / "mine.db").names == ["small"]


def test_nothing_is_made_where_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "results.db").touch()
    with chdir(tmp_path):
        for storage in (None, "reslts.db", Path("reslts.db"), "sqlite:///reslts.db"):
            with pytest.raises(NoDatabaseError, match="dynstudy run FILE") as caught:
                dynstudy.open(storage)
            assert "\n" not in str(caught.value)
            assert str(tmp_path) in str(caught.value)  # a notebook does not show where it is
            assert ("did you mean 'results.db'?" in str(caught.value)) == (storage is not None)
        with pytest.raises(StorageError, match="is a folder"):
            dynstudy.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["results.db"]


@pytest.mark.parametrize("name", ["schema1.db", "schema2.db", "schema3.db"])
def test_reading_changes_nothing_not_even_an_older_database(name: str, tmp_path: Path) -> None:
    shutil.copy(DATA / name, tmp_path)
    before = contents(tmp_path)
    studies = dynstudy.open(tmp_path / name)
    for study in studies:
        assert len(study.map())
        assert len(study.replicates())
        study.best()
        repr(study)
        study.series(study.map().iloc[0])
        study.plot()
    studies._storage.engine.dispose()
    assert contents(tmp_path) == before


def test_a_damaged_study_hides_no_other(two: dynstudy.Studies) -> None:
    with two._storage.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE study_user_attributes SET value_json = '\"{\"' WHERE study_id = 2"
        )
    shown = repr(two)
    assert "1 study in " in shown
    assert "not shown: table study_user_attributes, study '<b>other</b>'" in shown
    assert "complete" in shown
    with pytest.warns(UserWarning, match="study_user_attributes"):
        assert two.table().name.tolist() == ["small"]
    assert len(two["small"].map()) == 5
    with pytest.raises(StorageError, match="study_user_attributes"):
        two["<b>other</b>"].map()
    with pytest.raises(StorageError, match="study_user_attributes"):
        repr(two["<b>other</b>"])


def test_an_empty_database_has_a_table_without_rows(storage: Storage) -> None:
    assert repr(dynstudy.open(storage)).startswith("0 studies in sqlite:///")
    assert dynstudy.open(storage)._repr_html_().count("<table") == 0
    assert dynstudy.open(storage).table().columns.tolist()[:2] == ["name", "kind"]


def test_a_path_is_a_path_whatever_is_in_it(make_spec: SpecMaker, tmp_path: Path) -> None:
    for name in ("a?b#c d%20é.db", "x@y.db", "file:z.db"):
        path = tmp_path / name
        run(make_spec(), storage=path).storage.engine.dispose()
        assert path.is_file()
        assert dynstudy.open(path).names == ["small"]
