"""The numbers of a stage as the arrays that the headers take: weights, biases, thresholds, tables,
factors of a residual.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikeloom.ir.number import Ints, signed_width
from spikeloom.mapping.plan.stage import Stage
from spikeloom.mapping.plan.weight_layout import weight_rows

LINE = 138


@dataclass(frozen=True, eq=False)
class Numbers:
    """One array of C++: ``static const <kind> <name>[...][...]``."""

    name: str
    kind: str
    values: Ints

    @property
    def declaration(self) -> str:
        return f"static const {self.kind} {self.name}{''.join(f'[{n}]' for n in self.values.shape)}"

    @property
    def text(self) -> str:
        """The definition, line by line."""
        return f"{self.declaration} = {braced(self.values)};"


def braced(values: Ints) -> str:
    """Nested braces; a row of numbers in lines of at most LINE characters."""
    if values.ndim > 1:
        return "{\n" + ",\n".join(braced(part) for part in values) + "}"
    lines, line = [], ""
    for number in values.tolist():
        item = f"{number}LL" if abs(number) >> 31 else str(number)
        if len(line) + len(item) + 2 > LINE:
            lines.append(line)
            line = ""
        line += f"{', ' if line else ''}{item}"
    return "{" + ",\n".join([*lines, line]) + "}"


def weights(stage: Stage) -> Ints:
    """(banks, rows, elements) of an event body, else (rows, weights of a word); two's complement as
    unsigned numbers, or 1 for +1.
    """
    banks = [weight_rows(stage, bank) for bank in range(stage.folding.banks)]
    rows = np.stack(banks) if stage.body.skips else banks[0]
    return (rows > 0).astype(np.int64) if stage.binary else rows & ((1 << stage.stored_width) - 1)


def betas(stage: Stage) -> Ints:
    """(time steps or 1, rows, units): one where all numbers of time steps have the same."""
    found = [run.synapses.beta.reshape(-1, stage.unit_count) for run in stage.runs]
    alike = all(np.array_equal(rows, found[-1]) for rows in found)
    return np.stack(found[-1:] if alike else found)


def numbers(stage: Stage, name: str) -> Iterator[Numbers]:
    """Every array of a stage; ``name`` is its identifier."""
    if not stage.body.adds:
        masks = stage.layer.masks(stage.i_code)
        yield Numbers(f"{name}_flip", f"ap_uint<{stage.i_code.steps}>", masks)
        return
    layer, units = stage.synapses, stage.unit_count
    yield Numbers(f"{name}_weights", f"ap_uint<{stage.stored_width}>", weights(stage))
    yield Numbers(f"{name}_beta", f"ap_int<{signed_width(stage.beta_bound)}>", betas(stage))
    yield Numbers(f"{name}_negate", "ap_uint<1>", layer.negate.reshape(-1, units))
    if stage.skip_stage is not None:
        elements = stage.folding.elements
        yield Numbers(f"{name}_turn", "ap_uint<1>", layer.negate.reshape(-1, elements))
        yield Numbers(
            f"{name}_kappa",
            f"ap_int<{stage.skip_stage.weight_width}>",
            layer.kappa.reshape(-1, elements),
        )
    for what, parameter in stage.parameters.items():
        kind = "ap_uint<1>" if parameter.flags else f"ap_int<{parameter.width}>"
        values = parameter.values.reshape(-1, units, *parameter.values.shape[1:])
        yield Numbers(f"{name}_{what}", kind, values)
