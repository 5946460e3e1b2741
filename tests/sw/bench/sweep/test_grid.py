"""Axes as the text of options, and the points of their product."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spikeloom.bench.sweep.grid import Grid, penalties, per_layer
from spikeloom.errors import SpikeLoomError
from spikeloom.nn import PerLayer

NAMES = st.from_regex(r"[a-z0-9_]+(\.[a-z0-9]+)*", fullmatch=True)
VALUES = st.lists(st.integers(1, 8), min_size=1, max_size=3, unique=True)


@given(
    st.lists(st.integers(1, 8), max_size=3, unique=True),
    st.dictionaries(NAMES, VALUES, max_size=3),
    st.booleans(),
)
def test_text_and_back(every, layers, apart):
    items = [
        *map(str, every),
        *(f"{name}={':'.join(map(str, values))}" for name, values in layers.items()),
    ]
    axis = per_layer("--x", items if apart else [",".join(items)] * bool(items))
    assert len(axis) == len(set(axis))
    expected = max(1, len(every))
    for values in layers.values():
        expected *= len(values)
    assert len(axis) == expected
    assert {choice.every for choice in axis} == set(every or [None])
    for name, values in layers.items():
        assert {dict(choice.layers)[name] for choice in axis} == set(values)


@pytest.mark.parametrize(
    "text", ["", "2,", "x", "2:4", "=3", "a=", "a=2:", "a=b", "1.5", "-1", "a=2;3"]
)
def test_text_that_is_none(text):
    with pytest.raises(SpikeLoomError, match="--x: expected whole numbers"):
        per_layer("--x", [text])


def test_a_layer_twice():
    with pytest.raises(SpikeLoomError, match="a is named twice"):
        per_layer("--x", ["a=2", "b=3,a=4"])


def test_penalties():
    assert penalties(["0,1e-4", "3"]) == (0.0, 1e-4, 3.0)
    assert penalties([]) == (0.0,) and penalties(["1,1.0"]) == (1.0,)
    with pytest.raises(SpikeLoomError, match="--spike-penalty: expected numbers"):
        penalties(["0,much"])


def test_points_are_the_product_once():
    points = Grid((0.0, 1.0, 1.0), (PerLayer(1), PerLayer(2)), (PerLayer(4), PerLayer(2))).points()
    assert [(p.spike_penalty, p.steps.every, p.weight_bits.every) for p in points[:3]] == [
        (0, 1, 4),
        (0, 1, 2),
        (0, 2, 4),
    ]
    assert len(points) == len(set(points)) == 8
    assert repr(Grid((0, 1))) == repr(
        Grid((0.0, 1.0))
    )  # the folders of points are named after these texts


@pytest.mark.parametrize(
    ("axes", "match"),
    [
        ({"spike_penalties": ()}, "found an empty one"),
        ({"spike_penalties": (-1.0,)}, "number >= 0, found -1"),
        ({"spike_penalties": (float("nan"),)}, "found nan"),
        ({"spike_penalties": (float("inf"),)}, "found inf"),
        ({"steps": (PerLayer(17),)}, "time steps: expected 1 to 16, found 17"),
        ({"weight_bits": (PerLayer(2, (("a", 9),)),)}, "weight bits: expected 1 to 8, found 9"),
        ({"weight_bits": (PerLayer(0),)}, "found 0"),
        ({"weight_bits": (PerLayer(2.5),)}, "weight bits must be an integer, got 2.5"),
        ({"spike_penalties": ("much",)}, "spike penalty must be a number, got 'much'"),
        ({"seeds": 0}, "at least 1"),
    ],
)
def test_numbers_out_of_range(axes, match):
    with pytest.raises(SpikeLoomError, match=match):
        Grid(**axes)
