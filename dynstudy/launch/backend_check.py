"""What is wrong with a study or a backend is found before anything is written."""

from dynstudy.launch.own_model import try_model, why_alone
from dynstudy.section import Section
from dynstudy.study.spec import StudySpec
from dynstudy.task.losses import LOSSES
from dynstudy.train.backends import able, fastest, load
from dynstudy.train.backends.cpu import threads
from dynstudy.train.demand import Demand


def check_study(spec: StudySpec) -> None:
    """See that what a study needs besides a backend is there.

    Raises:
        SpecError: the study needs what is not installed, or a file that is not there any more.
        TypeError: it is no study, but the path of a study file, which is to be read first.
    """
    if not isinstance(spec, Section):  # as all that is read from a file is
        raise TypeError(f"{str(spec)!r} is no study: dynstudy.load_spec reads one from its file")
    spec.check_installed()
    protocol = spec.protocol
    protocol.data.check_there()
    if protocol.initial is not None:
        data = protocol.data
        protocol.initial.arrays(data.classes, protocol.dtype, data.features)
    try_model(spec)


def check_backend(backend: str, spec: StudySpec) -> str:
    """Load a backend for the losses of a study and their static ones, after `check_study`.

    Returns:
        Its name; of ``auto`` that of the one which trains all of them, if it is one: how many
        networks it wants at a time is another number than of what cannot train them. With a card
        ``auto``, which may be several.

    Raises:
        BackendError: the backend is not on this machine, or cannot train such networks.
    """
    check_study(spec)
    losses = (*spec.loss, *(LOSSES[loss].static for loss in spec.loss))
    ways = {able(backend, demand(spec, loss)) for loss in losses}
    for way in ways:
        load(way)
    threads()
    one = backend == "auto" and len(ways) == 1 and fastest() == "cpu"
    return ways.pop() if one else backend


def demand(spec: StudySpec, loss: str) -> Demand:
    """What the widest and longest of a study's networks of a loss ask of a backend."""
    protocol, data = spec.protocol, spec.protocol.data
    asked = protocol.curvature
    return Demand(
        loss=loss,
        features=data.features,
        classes=data.classes,
        width=spec.widest,
        steps=spec.most_steps,
        dtype=protocol.dtype,
        network=protocol.network,
        optimiser=protocol.optimiser,
        schedule=protocol.schedule,
        onsets=asked is not None and asked.onsets,
        climbs=asked is not None and asked.uphill,
        sums=asked is not None and asked.loss,
        alone=why_alone(spec),
    )
