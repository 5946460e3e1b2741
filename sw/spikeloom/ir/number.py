"""How an activation travels: T planes of spikes, most significant first, packed into one integer
word.

A *word* is the T spikes as a T-bit integer, the first time step in the highest bit. Its *value* is
``Σ_t base^(T-t) s_t``. With base 2 word and value are the same number. Base 1 is a plain spike
train (IF and LIF neurons): every time step weighs the same. Words order as their values do for
every base >= 2.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError

Ints = npt.NDArray[np.int64]

Shape = tuple[int, int, int]
"""Channels, height, width."""

MAX_STEPS = 16


def integer(given: Any, what: str) -> int:
    """An integer of whatever type as Python's own. Raises SpikeLoomError, beginning with ``what``,
    for anything else.
    """
    try:
        return operator.index(given)
    except TypeError:
        raise SpikeLoomError(f"{what} must be an integer, got {given!r}") from None


def number(given: Any, what: str) -> float:
    """A number of whatever type as Python's own. Raises SpikeLoomError, beginning with ``what``,
    for anything else.
    """
    try:
        return float(given)
    except (TypeError, ValueError):
        raise SpikeLoomError(f"{what} must be a number, got {given!r}") from None


def signed_width(bound: int) -> int:
    """Bits of a two's complement number of magnitude at most ``bound``."""
    return int(bound).bit_length() + 1


@dataclass(frozen=True)
class Code:
    """The number format of one stream of activations.

    Attributes
    ----------
    steps: T, the number of planes (time steps), 1 to 16.
    base: tau. 2 is plain bits, 3 and above SpikePack's sparse codes, 1 an unweighted spike train.
    signed: two's complement, the first plane counts negative. Base 2 only.

    Raises
    ------
    SpikeLoomError: steps or base no integer or out of range, or signed with a base other than 2.
    """

    steps: int
    base: int = 2
    signed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", integer(self.steps, "time steps T"))
        object.__setattr__(self, "base", integer(self.base, "base tau"))
        if not 1 <= self.steps <= MAX_STEPS:
            raise SpikeLoomError(f"time steps T must be 1 to {MAX_STEPS}, got {self.steps}")
        if not 1 <= self.base <= 16:
            raise SpikeLoomError(f"base tau must be 1 to 16, got {self.base}")
        if self.signed and self.base != 2:
            raise SpikeLoomError(f"signed words need base 2, got base {self.base}")

    @property
    def spike_train(self) -> bool:
        """Whether every plane weighs the same: IF and LIF neurons read and make such trains."""
        return self.base == 1

    @property
    def plain(self) -> bool:
        """Whether a word is its value: plain bits, or two's complement."""
        return self.base == 2

    @property
    def silent(self) -> int:
        """How many of the last planes never spike; see :class:`Cut`."""
        return 0

    @property
    def live(self) -> int:
        """Planes that may spike: the first ones."""
        return self.steps - self.silent

    @property
    def place_values(self) -> Ints:
        """Weight of each plane, shape (T,), first plane first."""
        places = np.array([self.base**k for k in range(self.steps - 1, -1, -1)], dtype=np.int64)
        if self.signed:
            places[0] = -places[0]
        return places

    @property
    def max_value(self) -> int:
        return int(sum(p for p in self.place_values if p > 0))

    @property
    def min_value(self) -> int:
        return int(sum(p for p in self.place_values if p < 0))

    @property
    def largest(self) -> int:
        """Largest magnitude of a value."""
        return max(self.max_value, -self.min_value)

    def one_plane(self, per_step: bool) -> int:
        """Largest magnitude of what enters a sum at once: a spike where each time step has a sum of
        its own, else a whole word.
        """
        return 1 if per_step else self.largest

    @property
    def horner(self) -> str:
        """What happens to a sum from plane to plane: it is "held", "shifted" or "multiplied"."""
        if self.spike_train:
            return "held"
        return "shifted" if self.base & (self.base - 1) == 0 else "multiplied"

    def shifted(self, value: Any, places: int) -> Any:
        """A sum over the first planes as that over ``places`` more, which are 0; numbers, arrays
        and values of hardware alike.
        """
        return value * self.base**places

    @property
    def sign_bit(self) -> int:
        """The word's first plane where it counts negative, 0 for unsigned codes. Words XOR it order
        as their values do.
        """
        return 1 << (self.steps - 1) if self.signed else 0

    @property
    def codebook(self) -> Ints:
        """All values that a word can take in rising order, shape (K+1,); for base >= 2 and
        unsigned, entry w is the value of word w.
        """
        return np.unique(self.value(np.arange(1 << self.steps, dtype=np.int64)))

    def planes(self, words: Ints) -> Ints:
        """Spikes of each time step: (T, *words.shape), entries 0 or 1."""
        shifts = np.arange(self.steps - 1, -1, -1, dtype=np.int64).reshape(
            (-1,) + (1,) * words.ndim
        )
        return (words[None] >> shifts) & 1

    def pack(self, planes: Ints) -> Ints:
        """Words from spikes: the inverse of :meth:`planes`; time steps on axis 0."""
        words = np.zeros(planes.shape[1:], dtype=np.int64)
        for plane in planes:
            words = (words << 1) | plane
        return words

    def value(self, words: Ints) -> Ints:
        """Integer value of each word, same shape."""
        if self.plain and not self.signed:
            return words
        places = self.place_values
        value = np.zeros(words.shape, dtype=np.int64)
        for place, plane in zip(places, self.planes(words), strict=True):
            value += place * plane
        return value

    def greatest(self, words: Ints, axis: tuple[int, ...]) -> Ints:
        """The greatest of words along some axes, their first plane inverted where it counts
        negative; of spike trains, a spike wherever there is one (OR per time step).
        """
        found: Ints = (
            np.bitwise_or.reduce(words, axis=axis) if self.spike_train else words.max(axis=axis)
        )
        return found

    def word(self, value: Ints) -> Ints:
        """Two's complement or plain word of each value (base 2 only), same shape."""
        return value & ((1 << self.steps) - 1)


@dataclass(frozen=True)
class Cut(Code):
    """A code of which only the first planes are sent: the last ``last`` ones are 0. Place values do
    not change.

    Raises
    ------
    SpikeLoomError: as for :class:`Code`, or no plane left.
    """

    last: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.last < self.steps:
            raise SpikeLoomError(f"silent planes must be 0 to {self.steps - 1}, got {self.last}")

    @property
    def silent(self) -> int:
        return self.last


def cut(code: Code, silent: int) -> Code:
    """The code without its last ``silent`` planes; the code itself for 0."""
    return Cut(code.steps, code.base, code.signed, silent) if silent else code
