"""The kinds of study: a file each, which says all that is particular to the study file of its kind.

How a kind runs, how its page, picture and text look, and what it predicts, is registered under its
name by the layer that knows: `RUNS` in `launch`, `PAGES`, `PICTURES`, `TEXTS`, `PREDICTIONS`.
"""

KINDS = {
    "map": "dynstudy.study.kinds.map:MapSpec",
    "search": "dynstudy.study.kinds.search:SearchSpec",
    "boundary": "dynstudy.study.kinds.boundary:BoundarySpec",
    "atlas": "dynstudy.study.kinds.atlas:AtlasSpec",
}
"""By the word in a study file, where its class is: a text, so that the words are had at once."""
