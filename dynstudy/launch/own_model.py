"""A study's own model is tried before anything is trained or written."""

from dynstudy.errors import SpecError
from dynstudy.study.spec import StudySpec
from dynstudy.task.own_network import OwnNetwork


def try_model(spec: StudySpec) -> str:
    """See that the modules of a study can be trained, the narrowest and the widest.

    Returns:
        What a person should know of how they are; empty if nothing, or if they are no modules.

    Raises:
        SpecError: they cannot be, or not as the study asks.
    """
    reason = why_alone(spec)
    network = spec.protocol.network
    return reason and f"the networks of {network} are trained one after another: {reason}"


def why_alone(spec: StudySpec) -> str:
    """Why the modules of a study are not trained at once; empty if they are, or are none."""
    protocol = spec.protocol
    network = protocol.network
    if not isinstance(network, OwnNetwork):
        return ""
    network.check_there()
    # which loads PyTorch
    from dynstudy.train.ensemble import Data
    from dynstudy.train.module_trial import way_of

    data = Data(*protocol.data.points([0]))
    widths = {cell.configuration.width for cell in spec.cells_ahead()}
    for width in sorted({min(widths), max(widths)}):
        way = way_of(network, width, data, protocol.optimiser, protocol.dtype)
        if protocol.curvature is not None and (reason := way.reason or way.flat):
            raise SpecError(
                f"protocol.curvature: the Hessian of {network} cannot be read: {reason}; leave out "
                "[protocol.curvature]"
            )
    return way.reason
