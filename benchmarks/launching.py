"""A launch that is no result unless it came to its end."""

from typing import Any

from dynstudy.launch import runner
from dynstudy.study.spec import StudySpec


def run_to_end(spec: StudySpec, **options: Any) -> runner.Summary:
    """Launch a study as `dynstudy.run`, which returns when it is interrupted.

    Returns:
        What was done.

    Raises:
        KeyboardInterrupt: it was interrupted.
    """
    done = runner.run(spec, **options)
    if done.interrupted:
        raise KeyboardInterrupt
    return done
