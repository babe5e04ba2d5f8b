"""One GPU, near its limit: a fused Triton kernel that trains a network per program.

Networks of one shape (see `_gpu_shapes`) are a batch and a launch. Batches stay on the card; where
its memory is short they make room for each other, and one that does not fit alone is cut in two.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from dynstudy.arrays import Ints
from dynstudy.errors import BackendError
from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import TRIANGLE
from dynstudy.train.backends import _fused
from dynstudy.train.backends._by_autograd import curvature_at_onsets, eigenpairs_by_autograd
from dynstudy.train.backends._gpu_batch import Batch, as_batch
from dynstudy.train.backends._gpu_cards import at_once, check_device, devices, interpreted
from dynstudy.train.backends._gpu_shapes import (
    LINE,
    WATCHED_WIDEST,
    WIDEST,
    Shape,
    compiler_options,
    shape_for,
    unpacked,
)
from dynstudy.train.backends._gpu_watch import FIRST, STORED, WatchLayout
from dynstudy.train.curvature import Curvature, Eigenpairs
from dynstudy.train.demand import Demand
from dynstudy.train.ensemble import Data, Ensemble, Floats, Parameters
from dynstudy.train.readings import Readings

__all__ = ["advance", "at_once", "check_device", "devices", "eigenpairs", "refusal", "start"]

FEATURES = 2
"""The rows of W1 are names in the kernel, not a loop."""
LONGEST = 2**30
"""Steps of a training, at most: the kernel counts them in 32 bits."""
MEMORY_SHARE = 0.8
"""Of the card's free memory, for one batch."""
HOST = torch.device("cpu")


@dataclass
class State:
    """Networks in batches, and what the last class's parameters follow from."""

    ensemble: Ensemble
    readings: Readings
    card: torch.device  # the host under Triton's interpreter
    data: Data
    x: Tensor  # (D, P + V, 2)
    y: Tensor  # (P + V,) classes, C added for validation points
    mean: _fused.Means | None  # over C, where outputs are relative to the last class's
    batches: list[Batch] = field(default_factory=list)
    name: str = "gpu"

    @property
    def outputs(self) -> int:
        """K: a cross-entropy's outputs are kept relative to the last class's."""
        return self.data.classes - (self.mean is not None)

    @property
    def device(self) -> str:
        """The card by its name."""
        if self.card.type == "cuda":
            return torch.cuda.get_device_name(self.card)
        return "Triton's interpreter"

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        width, K = int(self.ensemble.width.max()), self.outputs
        rows = np.zeros((len(self.ensemble), 3 + K, width))
        b2: Floats = np.zeros((len(self.ensemble), K))
        for batch in self.batches:
            lines = batch.columns["lines"].cpu().numpy()
            rows[batch.networks] = unpacked(lines, batch.shape, K, width)
            b2[batch.networks] = batch.columns["biases"].cpu().numpy()
        return self.as_parameters(rows, b2, np.arange(len(rows)))

    def as_parameters(self, rows: Floats, b2: Floats, networks: Ints) -> Parameters:
        """Those of some networks: W1, b1 and W2 in rows (b, 3 + K, H), and b2 (b, K)."""
        W2: Floats = rows[:, 3:].transpose(0, 2, 1)
        if self.mean is not None:
            of_both = (mean[networks] for mean in self.mean)
            W2, b2 = map(_fused.absolute, (W2, b2), of_both)
        dtype = self.ensemble.dtype
        return Parameters.of_layers(
            *(array.astype(dtype) for array in (rows[:, :2], rows[:, 2], W2, b2))
        )


def refusal(demand: Demand, device: str = "") -> str | None:
    """Why the kernel cannot train what is asked of it; None if it can."""
    if demand.features != FEATURES:
        return f"trains networks of {FEATURES} inputs, not of {demand.features}"
    if not demand.optimiser.plain:
        return f"trains by gradient descent on all points, not by {demand.optimiser}"
    if demand.schedule != TRIANGLE.name and LOSSES[demand.loss].dynamical:
        return f"knows Γ as a triangle, not the schedule {demand.schedule!r}"
    if demand.steps >= LONGEST:
        return f"takes fewer than 2**30 steps, not {demand.steps}"
    if demand.width > WIDEST:
        return f"trains at most {WIDEST} units, not {demand.width}"
    if demand.onsets and demand.width > (most := WATCHED_WIDEST[demand.dtype]):
        return f"watches for onsets in networks of at most {most} units, not {demand.width}"
    if demand.climbs:
        return "counts no uphill steps"
    if demand.sums:
        return "sums no losses"
    return _fused.refusal(demand)


def start(
    ensemble: Ensemble, data: Data, initial: Parameters, readings: Readings, device: str = "0"
) -> State:
    """Lay an ensemble out in batches of one shape each, for the card of a number."""
    card = HOST if interpreted() else torch.device(f"cuda:{device}")
    taken, mean = _fused.as_trained(initial, ensemble.loss)
    of_each = len(data.x), *data.validation_x.shape[-2:]
    validation_x = np.broadcast_to(data.validation_x, of_each)
    state = State(
        ensemble,
        readings,
        card,
        data,
        torch.tensor(
            np.concatenate([data.x, validation_x], 1),
            dtype=getattr(torch, ensemble.dtype),
            device=card,
        ),
        torch.tensor(
            np.concatenate([data.y, data.validation_y + data.classes]),
            dtype=torch.int32,
            device=card,
        ),
        mean,
    )
    watched = len(readings.onsets.first) > 0
    widths: dict[Shape, list[int]] = {}
    for width in np.unique(ensemble.width).tolist():
        shape = shape_for(width, state.outputs, len(data.y), ensemble.dtype, watched)
        widths.setdefault(shape, []).append(width)
    for shape in sorted(widths, key=lambda shape: -shape.units):  # the longest launch first
        networks = np.flatnonzero(np.isin(ensemble.width, widths[shape]))
        batch = as_batch(ensemble, readings, data.classes, taken, networks, shape)
        state.batches += batch.cut(min(len(batch), _most(batch, card)))
    return state


def advance(state: State, step: int, count: int) -> None:
    """Take `count` steps from `step` on with every network that has not diverged.

    Raises:
        BackendError: not even one network fits into the card's memory.
    """
    waiting, done = deque(state.batches), list[Batch]()
    launched: list[tuple[Batch, Tensor]] = []
    while waiting:
        batch = waiting.popleft()
        try:
            batch.move(state.card, on_card=True)
            losses = _room_for_losses(state, batch, count)
        except torch.OutOfMemoryError as error:
            others = [other for other in (*done, *waiting) if other.on_card]
            _collect(state, launched, step, count)
            launched.clear()
            batch.move(HOST, on_card=False)
            for other in others:
                other.move(HOST, on_card=False)
            if not others and len(batch) == 1:
                raise BackendError(
                    f"a network of {batch.shape.units} units does not fit into the memory of "
                    f"{state.device}; use --backend cpu"
                ) from error
            pieces = [batch] if others else batch.cut((len(batch) + 1) // 2)
            waiting.extendleft(reversed(pieces))
            continue
        _launch(state, batch, losses, step, count)
        launched.append((batch, losses))
        done.append(batch)
    _collect(state, launched, step, count)
    state.batches = done


def eigenpairs(state: State, step: int, curvature: Curvature) -> Eigenpairs:
    """Leading eigenpairs of the Hessians before step `step`, by `autograd` on the card."""
    there, running = state.parameters(), state.readings.running
    return eigenpairs_by_autograd(
        state.ensemble, state.data, there, running, step, curvature, str(state.card)
    )


def _launch(state: State, batch: Batch, losses: Tensor, step: int, count: int) -> None:
    """Queue a slice of steps of a batch."""
    from dynstudy.train.backends._gpu_kernel import advance_networks

    watched = "watch" in batch.columns

    def launch() -> None:
        advance_networks[len(batch),](
            **{"watch": None} | batch.columns,
            x=state.x,
            y=state.y,
            losses=losses,
            points=len(state.data.y),
            all_points=len(state.y),
            readings=batch.columns["correct"].shape[1],
            step=step,
            count=count,
            until_onset=int(state.readings.until_onset) if watched else None,
            KIND=LOSSES[state.ensemble.loss].fused,
            C=state.data.classes,
            TILES=batch.shape.tiles,
            ROWS=batch.shape.rows,
            LANES=batch.shape.lanes,
            LINE=LINE,
            TRACE=bool(state.readings.losses.size),
            **compiler_options(batch.shape, state.outputs, state.ensemble.dtype, watched),
        )

    if state.card.type != "cuda":
        launch()
        return
    with torch.cuda.device(state.card):
        batch.stream = batch.stream or torch.cuda.Stream()  # type: ignore[no-untyped-call]
        batch.stream.wait_stream(torch.cuda.current_stream())  # which moved it here
        with torch.cuda.stream(batch.stream):
            launch()


def _collect(state: State, launched: list[tuple[Batch, Tensor]], step: int, count: int) -> None:
    """Wait for what was launched and read it."""
    if state.card.type == "cuda":
        torch.cuda.synchronize(state.card)
    readings = state.readings
    for batch, losses in launched:
        networks, columns = batch.networks, batch.columns
        readings.diverged_at[networks] = columns["diverged_at"].cpu().numpy()
        steps = readings.checkpoints[networks]
        if ((steps >= step) & (steps <= step + count)).any():
            correct = columns["correct"].cpu().numpy()
            readings.correct[networks] = correct[:, :, 0]
            readings.validation_correct[networks] = correct[:, :, 1]
        if readings.losses.size:
            readings.losses[networks, step : step + count] = losses.cpu().numpy()
        if "watch" in columns:
            _read_onsets(state, batch)


def _read_onsets(state: State, batch: Batch) -> None:
    """Read what was seen of instabilities, and curvature where a network's first has set in."""
    onsets, watch, lines = state.readings.onsets, batch.columns["watch"], batch.columns["lines"]
    unseen = onsets.first[batch.networks] < 0
    seen = watch[:, FIRST:STORED].cpu().numpy().astype(int)
    for column, of_all in enumerate((onsets.first, onsets.first_end, onsets.count, onsets.ended)):
        of_all[batch.networks] = seen[:, column]
    new = np.flatnonzero(unseen & (seen[:, 0] >= 0))
    if not new.size:
        return
    networks, steps = batch.networks[new], seen[new, 0]
    layout = WatchLayout(batch.shape, state.outputs, state.data.classes)
    chosen = torch.tensor(new, device=watch.device)
    watched, kept = watch[chosen].cpu().numpy(), lines[chosen].cpu().numpy()
    widest = int(state.ensemble.width.max())
    for later, there in enumerate(layout.around_onset(watched, kept, widest)):
        read = curvature_at_onsets(
            state.ensemble.part(networks),
            state.data,
            state.as_parameters(*there, networks),
            steps + later,
            str(state.card),
        )
        onsets.eigenvalues[networks, later], onsets.differences[networks, later] = read


def _most(batch: Batch, card: torch.device) -> int:
    """How many networks fit into the card's free memory."""
    if card.type != "cuda":
        return len(batch)
    each = sum(column.nbytes for column in batch.columns.values()) / len(batch)
    return max(1, int(MEMORY_SHARE * torch.cuda.mem_get_info(card)[0] / each))


def _room_for_losses(state: State, batch: Batch, count: int) -> Tensor:
    """(b, count) NaN; nothing where losses are not traced."""
    traced = count if state.readings.losses.size else 0
    return torch.full((len(batch), traced), np.nan, dtype=torch.float64, device=state.card)
