"""What was read of points, in a line."""

from pathlib import Path

from dynstudy.launch.estimate import estimate
from dynstudy.study.spec import StudySpec
from dynstudy.task.data.points_read import PointsRead
from tests.planted import SMALL, small_map
from tests.task.data.tables_made import written


def test_a_dry_run_says_what_was_read(tmp_path: Path, url: str) -> None:
    data = written(tmp_path)["csv"]
    spec = StudySpec.of(SMALL | {"protocol": SMALL["protocol"] | {"data": data}}, "a", tmp_path)
    (line,) = [line for line in estimate(spec, storage=url).lines() if line.startswith("data ")]
    assert line.split(maxsplit=1)[1] == (
        "24 points of 3 features; 3 classes: ant (5), bee (8), cow (11)"
    )
    assert not [line for line in estimate(small_map(), storage=url).lines() if "data" in line]


def test_of_many_classes_the_first_are_named() -> None:
    read = PointsRead(sha256="", features=1, points=(2,) * 12)
    assert str(read).endswith(
        "; 12 classes: 0 (2), 1 (2), 2 (2), 3 (2), 4 (2), 5 (2), 6 (2), 7 (2), 8 (2), 9 (2), …"
    )
