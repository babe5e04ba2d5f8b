"""Our pages, beside the dashboard's: the studies with their maps, and each study, its map first."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from glob import escape
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import optuna
import optuna_dashboard
import plotly
import tomli_w
from plotly.offline import get_plotlyjs

from dynstudy._version import __version__
from dynstudy.config import place_name
from dynstudy.dashboard.artifacts import listed_artifacts
from dynstudy.dashboard.atlas_answers import (
    EACH_TIME,
    FOR_GOOD,
    VIEWERS,
    Answer,
    AtlasAnswers,
    refusal,
)
from dynstudy.dashboard.atlases import Atlases
from dynstudy.dashboard.contents import CONTENTS, Contents, kept, version_of
from dynstudy.dashboard.guard import Application, Environ
from dynstudy.dashboard.note import split_note
from dynstudy.dashboard.shown import Shown
from dynstudy.errors import DamagedError, DynstudyError
from dynstudy.measure.accuracy import with_error
from dynstudy.pictures.interactive.accuracy import SCHEDULE_FIGURE
from dynstudy.report.listing import list_rows
from dynstudy.report.overview import launch_facts
from dynstudy.report.rows import shown, with_interval
from dynstudy.store.database import database_errors
from dynstudy.store.launches import launches
from dynstudy.store.rename_note_tag import note_of, tags_of
from dynstudy.store.studies import Storage
from dynstudy.study.confirmation import CONFIRM, FLATTERED

SITE_FILES = files("dynstudy.dashboard") / "site_files"
TYPES = {"css": "text/css", "js": "text/javascript", "json": "application/json"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'"
)
"""Nothing is run or fetched but from here; plotly writes styles into the page."""

PLOTLY = f"plotly-{plotly.__version__}.js"


class Site:
    """Answers for its own addresses (WSGI); all others are the dashboard's."""

    def __init__(self, storage: Storage, dashboard: Application, artifacts: Path) -> None:
        self.storage, self.dashboard, self.artifacts = storage, dashboard, artifacts
        atlases = Atlases(storage)
        self.shown = Shown(storage, atlases)
        loader = jinja2.FunctionLoader(lambda name: (SITE_FILES / name).read_text("utf-8"))
        self.pages = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
        )
        words = {"flattered": FLATTERED, "confirm": CONFIRM}
        self.pages.globals |= {"version": __version__, "plotly": PLOTLY, **words}
        self.pages.filters |= {
            "shown": shown,
            "place": lambda row: place_name(row["amplitude"], row["period"]),
            "gain": lambda row: with_interval(row, "gain"),
            "accuracy": lambda row: with_error(row["val_accuracy"], row["sem"]),
        }
        self.routes: list[tuple[re.Pattern[str], Callable[..., Answer]]] = [
            (re.compile(r"/"), self.front),
            (re.compile(r"/studies/(\d{1,9})/?", re.ASCII), self.study),
            (re.compile(r"/studies/(\d{1,9})/card", re.ASCII), self.card),
            (re.compile(r"/studies/(\d{1,9})/findings", re.ASCII), self.findings),
            (re.compile(r"/studies/(\d{1,9})/figures/([\w.-]+)\.json", re.ASCII), self.figure),
            (re.compile(r"/site/([\w.-]+)\.(css|js)", re.ASCII), self.file),
            *AtlasAnswers(atlases, self._study).routes,
        ]

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        path = environ.get("PATH_INFO", "")
        matches = ((route.fullmatch(path), answer) for route, answer in self.routes)
        match, answer = next((pair for pair in matches if pair[0]), (None, None))
        if match is None or answer is None:
            return self.dashboard(environ, start_response)
        try:
            with database_errors(self.storage.url, self.storage.engine):
                status, kind, keep, text = answer(*match.groups())
        except DynstudyError as error:
            status, kind, keep, text = self._wrong(path, str(error))
        body = text if isinstance(text, bytes) else text.encode()
        headers = [
            ("Content-Type", kind if body is text else f"{kind}; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", POLICY),
            ("Cache-Control", keep),
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _wrong(self, path: str, problem: str) -> Answer:
        """What is said of a problem: to a script as a script reads it."""
        if path.endswith((".json", ".png")):
            return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, problem)
        text = self._page("problem.html", title="Something is wrong", problem=problem)
        return HTTPStatus.INTERNAL_SERVER_ERROR, "text/html", EACH_TIME, text

    def front(self) -> Answer:
        """The studies, the newest first."""
        rows = sorted(self._rows(), key=lambda row: row["updated"] or "", reverse=True)
        return self._html("front.html", title="Studies", rows=rows, storage=self.storage.url)

    def _rows(self) -> Iterator[dict[str, Any]]:
        studies = {study.study_name: study for study in self.storage.studies()}
        try:
            published = self.storage.system_attribute(CONTENTS)
        except DamagedError:  # of one, which hides no other: all are made anew
            published = {}
        for row in list_rows(self.storage, skip=lambda _: None):  # its own page says what is wrong
            study = studies.get(row["study"])
            if study is None:
                continue  # made, or deleted, in between
            version = version_of(study, row["cells_done"])
            card = kept({CONTENTS: published.get(study.number)}, version, figures=False)
            yield row | {"number": study.number, "card": card}

    def card(self, number: str) -> Answer:
        """What the list shows of a study's map, of one that was not published."""
        study = self._study(number)
        if study is None:
            return self._absent()
        return self._html("card.html", card=self.shown.of(study))

    def study(self, number: str) -> Answer:
        """A study: its map, what it found, its best cells, its files, where it comes from."""
        study = self._study(number)
        if study is None:
            return self._absent()
        spec = self.storage.spec(study)
        viewer = VIEWERS.get(spec.kind)
        (row,) = list_rows(self.storage, match=escape(study.study_name))
        return self._html(
            "study.html",
            title=study.study_name,
            viewer=viewer,
            tags=tags_of(study),
            files=self._files(study),
            toml=tomli_w.dumps(spec.resolved()),
            launches=[launch_facts(each) for each in launches(self.storage.engine, int(number))],
            # a viewer does not wait for what it has not to show
            **self._findings(study, row, self.shown.published if viewer else self.shown.of),
        )

    def findings(self, number: str) -> Answer:
        """The part of a study's page that was not there when it was asked for."""
        study = self._study(number)
        if study is None:
            return self._absent()
        (row,) = list_rows(self.storage, match=escape(study.study_name))
        return self._html("findings.html", **self._findings(study, row, self.shown.of))

    def _findings(
        self,
        study: optuna.Study,
        row: dict[str, Any],
        contents_of: Callable[[optuna.Study], Contents | None],
    ) -> dict[str, Any]:
        """What pages show of a study's contents."""
        contents = contents_of(study)
        maps = _maps(contents) if contents else []
        return {
            "number": self.storage.study_id(study),
            "row": row,
            "spec": self.storage.spec(study),
            "contents": contents,
            "maps": maps,
            "others": sorted(contents.figures.keys() - set(maps)) if contents else [],
            "note": split_note(optuna_dashboard.get_note(study)) or note_of(study),
        }

    def figure(self, number: str, identifier: str) -> Answer:
        """A figure, for plotly."""
        study = self._study(number)
        figures = {} if study is None else self.shown.of(study).figures
        if identifier not in figures:
            return self._absent()
        return HTTPStatus.OK, TYPES["json"], EACH_TIME, figures[identifier]

    def file(self, name: str, suffix: str) -> Answer:
        """A script or a style sheet."""
        if f"{name}.{suffix}" == PLOTLY:
            return HTTPStatus.OK, TYPES["js"], FOR_GOOD, self._plotly
        try:
            text = (SITE_FILES / f"{name}.{suffix}").read_text("utf-8")
        except OSError:
            return self._absent()
        return HTTPStatus.OK, TYPES[suffix], EACH_TIME, text

    @cached_property
    def _plotly(self) -> str:
        return str(get_plotlyjs())

    def _study(self, number: str) -> optuna.Study | None:
        """A study of ours by its number, if there is one."""
        for study in self.storage.studies():
            if study.number == int(number):
                return self.storage.study(study.study_name)
        return None

    def _files(self, study: optuna.Study) -> list[dict[str, Any]]:
        """The study's files that are there."""
        listed = listed_artifacts(self.storage.system_attributes(study), self.artifacts)
        sized = [meta | {"size": _size(path.stat().st_size)} for meta, path in listed]
        return sorted(sized, key=lambda meta: str(meta["filename"]))

    def _absent(self) -> Answer:
        text = self._page("problem.html", title="Not here", problem="There is no such page.")
        return HTTPStatus.NOT_FOUND, "text/html", EACH_TIME, text

    def _html(self, name: str, **values: Any) -> Answer:
        return HTTPStatus.OK, "text/html", EACH_TIME, self._page(name, **values)

    def _page(self, name: str, **values: Any) -> str:
        return self.pages.get_template(name).render(**values)


def _maps(contents: Contents) -> list[str]:
    """Figures over amplitude and period, which come first; all there are where there are none."""
    names = sorted(contents.figures)
    return [name for name in names if name.startswith(("map-", SCHEDULE_FIGURE))] or names


def _size(count: int) -> str:
    return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count} bytes"
