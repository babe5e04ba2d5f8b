"""A study, drawn; nothing is computed here."""

import os
import sys
from contextlib import suppress

from dynstudy.errors import DynstudyError


def _load_matplotlib() -> None:
    """Load it whatever window the environment asks for: no picture of ours has one.

    A notebook asks for its own, also of its children, which may not have it: Matplotlib refuses.

    Raises:
        DynstudyError: a file of the user's settings is no text.
    """
    asked = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib as mpl
    except UnicodeDecodeError as error:
        raise DynstudyError(
            f"Matplotlib cannot read its settings, a matplotlibrc: {error}"
        ) from None
    finally:
        if asked is not None:
            os.environ["MPLBACKEND"] = asked
    with suppress(ValueError):  # this process does not have it
        if asked:
            mpl.rcParams["backend"] = asked


if "matplotlib" not in sys.modules:
    _load_matplotlib()
