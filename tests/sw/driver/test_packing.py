"""How images lie in memory: the container that is chosen, and fast packing against the slow
definition.
"""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spikeloom.driver import pack
from spikeloom.driver.errors import InputError
from spikeloom.driver.packing import PASSES
from spikeloom.driver.words import Images, limits
from spikeloom.interface.manifest import CONTAINERS, InputFormat, container_bits
from spikeloom.ir.number import Code

from tests.packing import found, laid

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 5))
CODES = st.builds(Code, st.integers(1, 16), st.just(2), st.booleans())


@given(st.integers(1, 16), st.integers(1, 2000))
def test_the_least_container_that_holds_a_word_and_makes_images_whole_bytes(
    steps: int, words: int
) -> None:
    bits = container_bits(steps, words)
    assert bits in CONTAINERS and bits >= steps and bits * words % 8 == 0
    smaller = [b for b in CONTAINERS if steps <= b < bits]
    assert all(b * words % 8 for b in smaller) and (bits <= 8 or steps > 8)


BITS = {
    (1, 784): 1,
    (1, 12): 2,
    (1, 6): 4,
    (1, 7): 8,
    (2, 784): 2,
    (3, 784): 4,
    (4, 2): 4,
    (4, 3): 8,
    (5, 784): 8,
    (8, 1): 8,
    (9, 1): 16,
}
"""Steps and words -> bits."""


def test_containers_by_name() -> None:
    forms = {
        (steps, words): InputFormat((words, 1, 1), (words,), Code(steps), 1)
        for steps, words in BITS
    }
    assert {key: form.container_bits for key, form in forms.items()} == BITS
    assert {key: form.image_bytes * 8 for key, form in forms.items()} == {
        (steps, words): words * bits for (steps, words), bits in BITS.items()
    }


@settings(max_examples=150, deadline=None)
@given(SHAPES, CODES, st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_fast_packing_is_the_slow_definition(
    shape: tuple[int, int, int], code: Code, images: int, seed: int
) -> None:
    """Words of every type that they may come in, and as real numbers; found again by what the
    hardware looks at.
    """
    form = InputFormat(shape, shape, code, 1, scale=0.5)
    low, high = limits(form)
    words = np.random.default_rng(seed).integers(low, high, (images, *shape), endpoint=True)
    expected = laid(words, form)
    kinds = [np.iinfo(name) for name in ("int8", "uint8", "int16", "uint16", "int32", "int64")]
    some = [words.astype(kind.dtype) for kind in kinds if kind.min <= low and high <= kind.max]
    some += [np.asfortranarray(words), words * 0.5, (words * 0.5).astype(np.float32)]
    for x in some:
        lying = pack(x, form)
        assert lying.shape == (images, form.image_bytes) and lying.tobytes() == expected
    assert np.array_equal(
        found(expected, form, images),
        words.transpose(0, 2, 3, 1).reshape(images, -1) & ((1 << code.steps) - 1),
    )


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_parts_and_events(steps: int) -> None:
    form = InputFormat((8, 1, 3), (steps, 8, 1, 3), Code(steps, 1), 2, events=True)
    events = np.random.default_rng(0).integers(0, 2, (5, *form.real_shape))
    words = (events << np.arange(steps)[::-1].reshape(1, steps, 1, 1, 1)).sum(axis=1)
    memory = np.full(5 * form.image_bytes, 0xAA, dtype=np.uint8)
    Images(events, form).write(memory, 2, 4)
    assert memory.tobytes() == laid(words[2:4], form) + b"\xaa" * 3 * form.image_bytes
    assert pack(words, form).tobytes() == laid(words, form)


def test_passes_are_told() -> None:
    for steps, more in ((1, PASSES[1]), (2, PASSES[2]), (4, PASSES[4]), (8, 0)):
        form = InputFormat((8, 1, 1), (8,), Code(steps), 1)
        assert Images(np.zeros((2, 8, 1, 1), dtype=np.int64), form).passes == 3 + more
    signed = InputFormat((8, 1, 1), (8,), Code(4, signed=True), 1)
    assert Images(np.zeros((2, 8, 1, 1), dtype=np.int64), signed).passes == 4 + PASSES[4]


def test_words_that_are_none_are_refused() -> None:
    form = InputFormat((2, 2, 2), (2, 2, 2), Code(2), 1)
    for wrong in (
        np.full((1, 2, 2, 2), 4),
        np.full((1, 2, 2, 2), -1),
        np.zeros((2, 2, 2), dtype=np.uint8),
    ):
        with pytest.raises(InputError, match="input: expected"):
            pack(wrong, form)
    assert prod(form.shape) * form.container_bits == 16
