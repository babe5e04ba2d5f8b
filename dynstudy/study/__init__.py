"""What a study asks for: its file, its axes, its kinds, its cells."""

import warnings

from dynstudy.notebook import in_notebook

if in_notebook():  # where Optuna's bars miss a package, which it would say in red; we show none
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        import optuna  # noqa: F401
