"""Where equality with a float32 executor is claimed: all scales are powers of two, and no sum needs
more bits than float32 has.
"""

from __future__ import annotations

from fractions import Fraction

from spikeloom.ir.exact import Affine, Quantizer, Source, SourceLayer, Threshold
from spikeloom.ir.number import Code
from spikeloom.ir.ranges import reach
from spikeloom.ir.staircase import Rationals

EXACT = 1 << 23
"""Multiples of a unit below this are exact in float32; half of what it holds, for sums whose order
the file chooses.
"""


def exact_in_float32(source: Source) -> bool:
    """Whether a float32 executor rounds nowhere between the input and the output of the file,
    whatever the input.
    """
    codes: dict[str, Code] = {}
    layers = {layer.name: layer for layer in source.layers}
    for node in source.nodes:
        layer = layers.get(node.name)
        if layer is not None and not _layer_exact(layer, codes):
            return False
        code = node.format([codes[name] for name in node.inputs])
        if code is not None:
            codes[node.name] = code
    return _powers(source.scale)


def _layer_exact(layer: SourceLayer, codes: dict[str, Code]) -> bool:
    """Whether a layer's sum, what joins it, and what follows up to its words are exact."""
    activation = layer.activation
    if isinstance(activation, Threshold) and activation.real:
        return False
    gains = [layer.gain, *([layer.skip_gain] if layer.skip_gain is not None else [])]
    gains += [step.gain for step in layer.chain if isinstance(step, Affine)]
    gains += [activation.gain] if isinstance(activation, Quantizer) else []
    return all(_powers(gain) for gain in gains) and all(
        _channel_exact(layer, codes, k) for k in range(len(layer.gain))
    )


def _channel_exact(layer: SourceLayer, codes: dict[str, Code], k: int) -> bool:
    """The same for one channel whose scales are powers of two: every number is a whole multiple of
    a unit, and not too large.
    """
    code = codes[layer.linear.source]
    reached = max(abs(int(ends[0])) for ends in reach(layer.linear.weight[k : k + 1], code))
    gain = abs(Fraction(layer.gain[k]))
    size, unit = reached * gain, gain
    skip = codes[layer.skip] if layer.skip is not None else None
    if skip is not None and layer.skip_gain is not None:
        factor = abs(Fraction(layer.skip_gain[k]))
        size, unit = size + factor * skip.largest, _common(unit, factor)
    size, unit = _plus(size, unit, Fraction(layer.offset[k]))
    fits = size < EXACT * unit or not size
    for step in layer.chain:
        if isinstance(step, Affine):
            factor = abs(Fraction(step.gain[k]))
            size, unit = _plus(size * factor, unit * factor, Fraction(step.offset[k]))
            fits = fits and (size < EXACT * unit or not size)
    return fits


def _plus(size: Fraction, unit: Fraction, offset: Fraction) -> tuple[Fraction, Fraction]:
    """Largest magnitude and unit of numbers to which an offset is added."""
    return size + abs(offset), _common(
        unit, Fraction(offset.numerator & -offset.numerator, offset.denominator)
    )


def _common(a: Fraction, b: Fraction) -> Fraction:
    """The smaller of two powers of two, of which 0 needs none."""
    return min(a, b) if a and b else a or b


def _powers(values: Rationals) -> bool:
    """Whether all are 0 or a power of two, of either sign."""
    numbers = [abs(Fraction(value)) for value in values]
    return not any(
        n.numerator & (n.numerator - 1) or n.denominator & (n.denominator - 1) for n in numbers
    )
