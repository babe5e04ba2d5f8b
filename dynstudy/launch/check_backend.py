"""Whether a backend can train all that a study asks for: found out before anything is written."""

from dynstudy.launch.replicates import draw_data
from dynstudy.study.spec import StudySpec
from dynstudy.task.losses import LOSSES
from dynstudy.train.backends import able, load
from dynstudy.train.ensemble import Demand


def check_backend(backend: str, spec: StudySpec) -> None:
    """Refuse a backend that is not here, or cannot train the networks of a study."""
    protocol = spec.protocol
    data = draw_data(protocol.data, seeds=[0])
    shape = data.features, data.classes, spec.widest, protocol.steps, protocol.dtype
    for loss in (*spec.loss, *(LOSSES[loss].static for loss in spec.loss)):
        load(able(backend, Demand(loss, *shape)))
