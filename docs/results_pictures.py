"""The pictures of results.md, drawn from the CSV files in results/; ``make docs``.

Of what `dynstudy map` draws of a study with its database, those without boundaries need no more.
"""

import re

import numpy as np

from docs.results_tables import FOLDER, PAGE, cells
from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.regime_map import grid_figure
from dynstudy.pictures.style import save
from dynstudy.study.study_file import load_spec

RUN = re.compile(r"\| `([\w-]+)` \| `(\S+)((?: --set \S+)*)` \|.*`([0-9a-f]{64})` \|")
"""A row of the page's table of runs: study, file, overrides, digest of its ledger rows."""


def drawn() -> dict[str, RegimeMap]:
    """The studies by the files of their pictures."""
    studies = {}
    for name, file, overrides, ledger in RUN.findall(PAGE.read_text(encoding="utf-8")):
        spec = load_spec(FOLDER.parents[1] / file, overrides.replace(" --set", "").split())
        frame = cells(name).assign(predicted=False)
        unread = [np.empty(0)] * len(frame)
        end = "-fig3" if name.startswith("fig3") else ""
        studies[f"{name}{end}.png"] = RegimeMap(spec, frame, [], unread, ledger=ledger)
    return studies


def main() -> None:
    """Draw all of them."""
    for name, study_map in drawn().items():
        save(grid_figure(study_map), FOLDER / name, study_map.spec.name)


if __name__ == "__main__":
    main()
