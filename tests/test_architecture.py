"""The rules of the layout: data flows one way, and importing is cheap."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dynstudy.study.kinds import KINDS
from tests.command import python
from tests.conftest import ROOT

PACKAGE = ROOT / "dynstudy"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

BENCHMARKS = {f"benchmarks.{path.stem}": path for path in (ROOT / "benchmarks").glob("*.py")}

# From the bottom up: a module imports from its own folder and those before it.
LAYERS = [
    (
        *("dynstudy._version", "dynstudy.errors", "dynstudy.lazy"),
        *("dynstudy.arrays", "dynstudy.notebook"),
    ),
    ("dynstudy.section",),
    ("dynstudy.task",),
    ("dynstudy.config", "dynstudy.protocol", "dynstudy.read_curvature"),
    ("dynstudy.measure",),
    ("dynstudy.train",),
    ("dynstudy.study",),
    ("dynstudy.store",),
    ("dynstudy.statistics",),
    ("dynstudy.search",),
    ("dynstudy.analysis",),
    ("dynstudy.pictures",),
    ("dynstudy.report",),
    ("dynstudy.dashboard",),
    ("dynstudy.upkeep",),
    ("dynstudy.launch",),
    ("dynstudy.export",),
    ("dynstudy.figures",),
    ("dynstudy.results",),
    ("dynstudy.bench",),
    ("dynstudy.cli",),
    ("dynstudy", "dynstudy.losses", "dynstudy.__main__"),
]
TOLD = ("dynstudy.analysis", "dynstudy.pictures", "dynstudy.report", "dynstudy.dashboard")
READERS = ("dynstudy.study", "dynstudy.store", "dynstudy.statistics", "dynstudy.search", *TOLD)
READERS += ("dynstudy.upkeep",)
FORBIDDEN = {
    ("dynstudy.task",): {"optuna", "sqlalchemy"},
    ("dynstudy.measure", "dynstudy.train"): {"optuna", "sqlalchemy", "pydantic"},
    READERS: {"torch", "numba", "dynstudy.train"},
    ("dynstudy.launch",): set(TOLD),
}


@cache  # files are read once for all rules; what a test plants is read for it alone
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def offending(modules: Iterable[str], offences: Callable[[Path], Iterable[str]]) -> dict[str, Any]:
    """The modules in which there is something that a rule forbids, with what it is."""
    listed = {module: list(offences((MODULES | BENCHMARKS)[module])) for module in modules}
    return {module: what for module, what in listed.items() if what}


def imports(path: Path, *, everywhere: bool = True) -> Iterator[str]:
    tree = syntax(path)
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                name if (name := f"{node.module}.{alias.name}") in MODULES else node.module
                for alias in node.names
            )


def layer(module: str) -> int:
    return next(
        number
        for number, names in enumerate(LAYERS)
        for name in names
        if module == name or (module.startswith(f"{name}.") and name != "dynstudy")
    )


def test_data_flows_one_way() -> None:
    upwards = [
        f"{module} imports {imported}"
        for module, path in MODULES.items()
        for imported in imports(path)
        if imported.split(".")[0] == "dynstudy" and layer(imported) > layer(module)
    ]
    assert upwards == []


def test_there_is_no_import_cycle() -> None:
    @cache
    def reaches(module: str) -> frozenset[str]:
        path.append(module)
        reached = set()
        for imported in imports(MODULES[module], everywhere=False):
            if imported in MODULES and imported != module:
                assert imported not in path, f"cycle: {' -> '.join([*path, imported])}"
                reached |= {imported} | reaches(imported)
        path.pop()
        return frozenset(reached)

    path: list[str] = []
    # a package's own __init__ is loaded before its modules, so it may not lead back to them
    assert {module for module in MODULES if module in reaches(module)} == set()


def strangers(layers: tuple[str, ...], path: Path) -> Iterator[str]:
    """What a module of some layers imports though these may not know it."""
    for imported in imports(path):
        parts = imported.split(".")
        if {".".join(parts[:length]) for length in (1, 2)} & FORBIDDEN[layers]:
            yield imported


@pytest.mark.parametrize("layers", FORBIDDEN)
def test_layers_do_not_know_what_is_not_theirs(layers: tuple[str, ...]) -> None:
    for module, path in MODULES.items():
        if module.startswith(layers):
            assert list(strangers(layers, path)) == [], module


def loads_matplotlib(path: Path) -> bool:
    """Whether a module loads it, and does not just name it to who checks types."""
    tree = syntax(path)
    checked = [
        n for n in ast.walk(tree) if isinstance(n, ast.If) and "CHECKING" in ast.dump(n.test)
    ]
    spared = {node for branch in checked for node in ast.walk(branch)}
    return any(
        name.split(".")[0] == "matplotlib"
        for node in set(ast.walk(tree)) - spared
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (getattr(node, "module", None) or "", *(alias.name for alias in node.names))
    )


def test_pictures_alone_load_matplotlib() -> None:
    """Their package loads it so that no setting of the user's is in the way."""
    loading = {module for module, path in MODULES.items() if loads_matplotlib(path)}
    assert loading
    assert {module for module in loading if not module.startswith("dynstudy.pictures")} == set()


# What a picture shows comes to it as numbers and words; of what computes them it knows nouns.
COMPUTING = ("dynstudy.statistics", "dynstudy.search", "dynstudy.analysis")
FITTING = {"dynstudy.statistics.gaussian_process", "dynstudy.statistics.censored_regression"}
LIBRARIES = {"scipy", "sklearn", "optuna", "sqlalchemy"}


def computations(path: Path) -> Iterator[str]:
    """What a picture imports though it may not."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            whole = [alias.name for alias in node.names]
            yield from (name for name in whole if name.startswith(COMPUTING))
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = [node.module]
            if node.module.startswith(COMPUTING):
                names = [alias.name for alias in node.names]
                nouns = node.module not in FITTING
                yield from (name for name in names if not (nouns and name[0].isupper()))
        else:
            continue
        yield from (name for name in whole if name.split(".")[0] in LIBRARIES)


def test_pictures_compute_nothing() -> None:
    assert offending([name for name in MODULES if ".pictures." in name], computations) == {}


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ("from dynstudy.analysis.boundaries import COLUMNS, find_boundaries", ["find_boundaries"]),
        ("from dynstudy.analysis import boundaries", ["boundaries"]),
        ("import dynstudy.statistics.power as p", ["dynstudy.statistics.power"]),
        ("from dynstudy.statistics.gaussian_process import GaussianProcess", ["GaussianProcess"]),
        ("from scipy.stats import norm", ["scipy.stats"]),
        ("def draw():\n    import sklearn", ["sklearn"]),
        ("from dynstudy.analysis.regime_map import PANEL, RegimeMap", []),
    ],
)
def test_a_picture_that_computes_would_be_found(
    planted: str, expected: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "picture.py"
    path.write_text(planted)
    assert list(computations(path)) == expected


@pytest.mark.parametrize("layers", FORBIDDEN)
def test_a_layer_that_knows_what_is_not_its_own_would_be_found(
    layers: tuple[str, ...], tmp_path: Path
) -> None:
    for name in FORBIDDEN[layers]:
        path = tmp_path / f"{name}.py"
        path.write_text(f"from {name}.module import name")
        assert list(strangers(layers, path))


SPECS = {
    "StudySpec",
    "OverAxes",
    "GridSpec",
    *(home.partition(":")[2] for home in KINDS.values()),
}


def asked_for_classes(path: Path) -> set[str]:
    """Classes that a file asks of something whether it is one of them."""
    asked: set[str] = set()
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
            "isinstance",
            "issubclass",
        }:
            classes: list[ast.AST] = [node.args[1]]
        elif isinstance(node, ast.MatchClass):
            classes = [node.cls]
        else:
            continue
        for part in (part for each in classes for part in ast.walk(each)):
            asked.add(getattr(part, "id", getattr(part, "attr", "")))
    return asked


def compared_kinds(path: Path) -> list[str]:
    """Where a file compares the kind of something with a word that is written out."""
    return [
        ast.unparse(node)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Compare)
        and any(
            isinstance(side, ast.Attribute) and side.attr == "kind"
            for side in (node.left, *node.comparators)
        )
        and {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)} & {*KINDS}
    ]


def test_the_kind_of_a_study_is_asked_for_in_its_own_file_alone() -> None:
    homes: dict[str, set[str]] = {}
    for home in KINDS.values():
        homes.setdefault(home.partition(":")[0], set()).add(home.partition(":")[2])
    for module, path in (MODULES | BENCHMARKS).items():
        assert asked_for_classes(path) & SPECS <= homes.get(module, set()), module
    assert offending(MODULES | BENCHMARKS, compared_kinds) == {}


@pytest.mark.parametrize(
    "planted", ['spec.kind != "search"', 'study.spec.kind in {"map"}', '"map" == spec.kind']
)
def test_a_kind_that_is_compared_would_be_found(planted: str, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(f"if {planted}:\n    pass")
    assert len(compared_kinds(path)) == 1


def parsed(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """The Python files of some folders of the repository: where each is, and its tree."""
    for path in (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


# What every command, backend and benchmark has, so that they can be used alike.
PROTOCOLS = {"command", "measure", "State", "start", "advance", "refusal"}
PROTOCOLS |= {"check_device", "at_once", "block_size", "eigenpairs"}


def public_names(tree: ast.Module) -> Iterator[str]:
    """Classes, functions and aliases of types, which are written as classes are."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        else:
            targets = node.targets if isinstance(node, ast.Assign) else []
            written = (target.id for target in targets if isinstance(target, ast.Name))
            names = [name for name in written if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name)]
        yield from (name for name in names if not name.startswith("_"))


def repeated_names(trees: Iterable[tuple[str, ast.Module]]) -> dict[str, list[str]]:
    """Where each name stands that more than one file gives to something of its own."""
    files: dict[str, list[str]] = {}
    for file, tree in trees:
        for name in public_names(tree):
            files.setdefault(name, []).append(file)
    return {name: several for name, several in files.items() if len(several) > 1}


def test_a_public_name_stands_for_one_thing() -> None:
    repeated = repeated_names(parsed("dynstudy", "benchmarks"))
    assert {name: files for name, files in repeated.items() if name not in PROTOCOLS} == {}
    assert set(repeated) == PROTOCOLS  # what repeats no more is to be taken off the list


@pytest.mark.parametrize(
    "planted", ["class Cost:\n    pass", "def Cost(): pass", "Cost = tuple[int]"]
)
def test_a_name_for_two_things_would_be_found(planted: str) -> None:
    trees = [("a.py", ast.parse("class Cost:\n    seconds: float")), ("b.py", ast.parse(planted))]
    assert repeated_names(trees) == {"Cost": ["a.py", "b.py"]}


# Of anything one can say that it was found, is known or has a place: names say what it is.
EMPTY_NAMES = {"own", "found", "place", "known", "told", "some"}
KEYS = {("dynstudy/export/export_file.py", "found")}
"""Of file formats, which stay."""


NAMED = {ast.Name: "id", ast.Attribute: "attr", ast.arg: "arg", ast.alias: "asname"}
NAMED |= dict.fromkeys((ast.FunctionDef, ast.ClassDef, ast.ExceptHandler), "name")
NAMED |= dict.fromkeys((ast.MatchAs, ast.MatchStar), "name")
"""The parts of a syntax tree that give names, and where these stand in them."""


def given_names(tree: ast.Module) -> Iterator[str]:
    """Names of variables, parameters, attributes, functions and classes that a file gives."""
    for node in ast.walk(tree):
        if type(node) in NAMED and not isinstance(getattr(node, "ctx", None), ast.Load):
            yield getattr(node, NAMED[type(node)]) or ""


def empty_names(trees: Iterable[tuple[str, ast.Module]]) -> set[tuple[str, str]]:
    """Those of them that are empty, with the file of each."""
    return {
        (file, name) for file, tree in trees for name in given_names(tree) if name in EMPTY_NAMES
    }


def test_names_say_what_they_hold() -> None:
    assert empty_names(parsed("dynstudy", "benchmarks", "docs", "tests")) == KEYS


@pytest.mark.parametrize(
    "planted",
    [
        "found = f(x)",
        "def f(own): pass",
        "[own for own in cells]",
        "self.known = 1",
        "def told(): pass",
        "with f() as place: pass",
        "import own_backends as own",
    ],
)
def test_an_empty_name_would_be_found(planted: str) -> None:
    assert len(empty_names([("a.py", ast.parse(planted))])) == 1


# Optuna may move what is private: one file has to be mended then.
OPTUNA_PRIVATE = "dynstudy.store.optuna_private"


def private_names_of_optuna(path: Path) -> Iterator[str]:
    """Modules whose names begin with an underscore, and attributes of its studies and trials."""
    for node in ast.walk(syntax(path)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names = [ast.unparse(node)]
            if node.attr in {"_study_id", "_trial_id"}:
                yield names[0]
        yield from (name for name in names if re.match(r"optuna(_dashboard)?\.(.*\.)?_", name))


def test_what_of_optuna_is_private_stands_in_one_file() -> None:
    assert list(offending(MODULES, private_names_of_optuna)) == [OPTUNA_PRIVATE]


@pytest.mark.parametrize(
    "planted",
    [
        "from optuna.study._frozen import FrozenStudy",
        "from optuna.storages import _rdb",
        "import optuna._imports",
        "number = study._study_id",
        "trial = optuna.Trial(study, frozen._trial_id)",
        "optuna.storages._rdb",
    ],
)
def test_a_private_name_of_optuna_would_be_found(planted: str, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(planted)
    assert len(list(private_names_of_optuna(path))) == 1


def loaders(modules: list[str]) -> str:
    """Import modules one after the other in a fresh interpreter; those that load torch or numba."""
    code = (
        "import importlib, sys\n"
        "for module in sys.argv[1:]:\n"
        "    before = {'torch', 'numba'} & set(sys.modules)\n"
        "    importlib.import_module(module)\n"
        "    loaded = ({'torch', 'numba'} & set(sys.modules)) - before\n"
        "    if loaded: print(module, 'loads', *sorted(loaded))\n"
    )
    return python(ROOT, "-c", code, *modules)


def test_importing_them_loads_neither_torch_nor_numba() -> None:
    modules = ["dynstudy", "dynstudy.cli", "dynstudy.config", "dynstudy.task.losses"]
    modules += [m for m in MODULES if m.startswith((*READERS, "dynstudy.results"))]
    assert loaders(modules) == ""


def test_what_loads_them_would_be_found() -> None:
    loading = loaders(["dynstudy", "dynstudy.train.backends.cpu", "dynstudy.errors"])
    assert loading == "dynstudy.train.backends.cpu loads numba\n"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['dynstudy', '--help']\n"
        "from dynstudy.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numba', 'optuna', 'sqlalchemy', 'pandas', 'scipy', 'matplotlib'}\n"
        "sys.exit(','.join(heavy & set(sys.modules)) or 0)"
    )
    python(ROOT, "-c", code)


def test_public_names_are_there_and_lazy_ones_are_listed() -> None:
    import dynstudy

    for name in dynstudy.__all__:
        assert name == "__version__" or getattr(dynstudy, name).__name__.split(".")[-1] == name
    assert dir(dynstudy) == sorted(dynstudy.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = dynstudy.nothing


# Numba's cache on disk notices changes of this file alone, so it cannot be cut in two: it has a
# case for each equation and no limit.
LONG = {"dynstudy.train.backends._cpu_kernel"}


def test_files_stay_readable() -> None:
    lines = {name: path.read_text(encoding="utf-8").count("\n") for name, path in MODULES.items()}
    assert {name for name, count in lines.items() if count > 300} == LONG


TESTS = ROOT / "tests"
WHOLE = {
    *(
        "test_architecture",
        "test_docs",
        "test_atlas_page",
        "test_cluster_page",
        "test_readme",
        "test_fifth_schedule",
        "test_sixth_loss",
        "test_long_tail",
        "test_own_data",
        "test_own_model",
        "test_start_from_file",
        "test_tutorial",
    ),
    # every command on every column, beside a writer, on PostgreSQL, and its tables
    *("test_damaged", "test_locked", "test_on_postgresql", "test_tables"),
    "test_package",  # what is shipped
    "test_postgres",  # the server that the tests start
    "test_chaos",  # what is left of a study whose processes are killed
}
"""What no part of the package has for itself: rules, texts, and what goes
from the file to the map: a loss, and where networks start."""


def defines(path: Path) -> bool:
    """Whether a module has anything that could do something wrong."""
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in syntax(path).body)


def mirrors(module: Path) -> list[Path]:
    """Where the tests of a module may stand, from tests/ on: a file of its name, or a folder."""
    if module.name == "__init__.py":  # of a package, in its folder
        return [module.parent / f"test_{module.parent.name or 'dynstudy'}.py"]
    return [module.with_name(f"test_{module.name}"), module.with_suffix("")]


PUBLIC = [
    path.relative_to(PACKAGE)
    for path in MODULES.values()
    if not path.name.startswith("_") and defines(path)
]


def test_a_module_has_tests_that_stand_where_it_does() -> None:
    """Private modules are tested through those that use them, ``__init__`` where there is more."""
    for module in PUBLIC:
        file, folder = (TESTS / mirror for mirror in mirrors(module))
        files = [file] if file.is_file() else sorted(folder.glob("test_*.py"))
        assert files, f"{module} has no tests: write {file.relative_to(ROOT)}"
        assert any("def test_" in path.read_text(encoding="utf-8") for path in files), module


MEASURING = sorted(
    path.stem.strip("_") for path in (ROOT / "benchmarks").glob("*.py") if defines(path)
)


def test_what_measures_has_tests_of_its_name() -> None:
    for name in MEASURING:
        path = TESTS / "benchmarks" / f"test_{name}.py"
        assert path.is_file(), f"benchmarks/{name}.py has no tests: write {path.relative_to(ROOT)}"
        assert "def test_" in path.read_text(encoding="utf-8"), name


def test_no_test_stands_where_nothing_does() -> None:
    modules = [path.relative_to(PACKAGE) for path in MODULES.values()]
    places = {mirror for module in modules for mirror in mirrors(module)}
    places |= {Path("benchmarks", f"test_{name}.py") for name in MEASURING}
    for test in (path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")):
        of_a_module = {test, test.parent} & places or test.stem in WHOLE
        assert of_a_module, f"of which module is tests/{test}?"


def unordered(path: Path) -> Iterator[str]:
    """The parameters of tests that are a set: each process would have them in another order."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "parametrize":
            for values in node.args[1:]:
                made = isinstance(values, ast.Call) and getattr(values.func, "id", "")
                if isinstance(values, ast.Set | ast.SetComp) or made in {"set", "frozenset"}:
                    yield f"line {node.lineno}"


def test_tests_come_in_one_order_in_every_process() -> None:
    tests = {path: list(unordered(path)) for path in TESTS.rglob("test_*.py")}
    assert {path: lines for path, lines in tests.items() if lines} == {}
