"""What is legal of a stage: its folding, and the width of its sums."""

from __future__ import annotations

from typing import Protocol

from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.ir.nodes import Layer, MaxPool
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.bodies import BODIES, Body, Folded
from spikeloom.mapping.plan.folding import MEMORIES

MAX_WIDTH = 48
"""Widest accumulator or drive, in bits."""

OUTPUT_WIDTH = 32
"""Bits of one integer output beat."""


class Checked(Folded, Protocol):
    """What is asked of a stage."""

    @property
    def name(self) -> str: ...
    @property
    def layer(self) -> Layer | MaxPool: ...
    @property
    def body(self) -> Body: ...
    @property
    def o_code(self) -> Code | None: ...
    @property
    def joins(self) -> bool: ...
    @property
    def dealing(self) -> tuple[int, ...]: ...
    @property
    def acc_width(self) -> int: ...
    @property
    def u_width(self) -> int: ...


def check(s: Checked) -> None:
    """Raises SpikeLoomError naming the stage and the number that is not legal, CapacityError where
    its sums are too wide.
    """
    f, name = s.folding, s.name
    if f.body not in BODIES:
        raise SpikeLoomError(f"{name}: body must be one of {', '.join(BODIES)}, got {f.body}")
    wrong = wrong_numbers(s) or s.body.wrong(s)
    if wrong:
        raise SpikeLoomError(f"{name}: {wrong}")
    widest = max(s.acc_width, s.u_width)
    limit = OUTPUT_WIDTH if s.o_code is None and not s.joins else MAX_WIDTH
    if widest > limit:
        raise CapacityError(
            f"{name}: sums need {widest} bits, more than the {limit} there are; use fewer time"
            " steps or weight bits"
        )


def wrong_numbers(s: Checked) -> str:
    """What of a folding no body can have; "" where there is nothing."""
    f, body = s.folding, s.body
    alone = s.i_shape[0] // s.groups == s.o_shape[0] // s.groups == 1
    if body.by_channel and (not alone or f.elements != f.group):
        return (
            f"a {f.body} body needs one input channel per output channel and elements = group,"
            f" got {f}"
        )
    i_channels, o_channels = body.channels(s)
    for what, part, whole in (
        ("group", f.group, i_channels),
        ("banks", f.banks, f.group),
        ("elements", f.elements, o_channels),
        ("windows", f.windows, s.o_shape[2]),
        ("neurons", f.neurons, f.elements),
    ):
        if part < 1 or whole % part:
            return f"{what} must divide {whole}, got {part}"
    if f.ports not in (1, 2):
        return f"ports must be 1 or 2, got {f.ports}"
    if body.adds != s.layer.adds:
        return f"body max is for max pooling alone, got {f.body}"
    if s.dealing and not (body.skips and sorted(s.dealing) == list(range(f.group))):
        return (
            f"dealing must be an order of the {f.group} channels of a beat of an event body, got"
            f" {s.dealing}"
        )
    if f.weights not in MEMORIES:
        return f"weights must lie in one of {', '.join(MEMORIES)}, got {f.weights}"
    return ""
