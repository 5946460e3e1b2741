"""The image sets drawn from the real digits: no digit on both sides, the same every time, and not
solved by the raw pixels.
"""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.train import data
from spikeloom.train.data import digits28, synthetic, textured
from spikeloom.train.data.digits import images
from spikeloom.train.data.synthetic import choose, draw, sources
from spikeloom.train.data.warp import cubic_matrix, enlarge, placing, see

LOADERS = {"digits28": digits28.load_digits28, "textured": textured.load_textured}
DRAWINGS = {"digits28": digits28.drawing, "textured": textured.drawing}
SHAPES = {"digits28": (1, 28, 28), "textured": (3, 32, 32)}
BOTH = pytest.mark.parametrize("name", sorted(LOADERS))


def spy(seen):
    """A drawing that notes which digit of the data set each image shows, and shows its number."""

    def drawing(digits, chosen, rng):
        seen.extend(digits.number[chosen].tolist())
        return digits.number[chosen].astype(np.float32).reshape(-1, 1, 1, 1)

    return drawing


def test_no_digit_is_behind_training_and_test_images():
    train, test = [], []
    first, second = sources()
    draw(spy(train), first, 3000, (0, 0))
    draw(spy(test), second, 1000, (0, 1))
    assert len(train) == 3000 and len(set(train)) > 1300
    assert len(test) == 1000 and len(set(test)) == 364
    assert not set(train) & set(test)


@BOTH
def test_a_drawing_sees_only_its_own_part(name, monkeypatch):
    """With the digits of the other part blank, the images are the same: neither the digit nor the
    clutter comes from there.
    """
    x, y = images()
    expected = LOADERS[name](50, 50)
    _, second = sources()
    blank = x.copy()
    blank[second.number] = 0
    monkeypatch.setattr(synthetic, "images", lambda: (blank, y))
    got = LOADERS[name](50, 50)
    assert np.array_equal(got.train_x, expected.train_x)
    assert not np.array_equal(got.test_x, expected.test_x)


def test_labels_are_those_of_the_digits_shown():
    _, truth = images()
    for part, digits in enumerate(sources()):
        seen = []
        x, y, number = draw(spy(seen), digits, 2500, (7, part))
        assert np.array_equal(x.ravel(), np.array(seen, dtype=np.float32))
        assert np.array_equal(y, truth[seen]) and number.tolist() == seen


@BOTH
def test_a_test_image_says_which_digit_it_shows(name):
    _, truth = images()
    _, second = sources()
    x = LOADERS[name](10, 800)
    assert np.array_equal(truth[x.test_source], x.test_y)
    assert set(x.test_source.tolist()) == set(second.number.tolist())


def test_every_digit_is_shown_as_often_as_any_other():
    counts = np.bincount(choose(1000, 364, np.random.default_rng(0)), minlength=364)
    assert set(counts.tolist()) == {2, 3}


@BOTH
def test_shape_range_and_sizes(name):
    x = LOADERS[name](300, 40)
    assert x.name == name and x.shape == SHAPES[name] and len(x.classes) == 10
    assert (len(x.train_x), len(x.train_y), len(x.test_x), len(x.test_y)) == (300, 300, 40, 40)
    assert (
        x.train_x.dtype == x.test_x.dtype == np.float32
        and x.train_y.dtype == x.test_y.dtype == np.int64
    )
    assert np.array_equal(x.train_x, np.clip(np.rint(x.train_x), 0, 255))
    assert len(np.unique(x.train_x)) > 200 and np.isfinite(x.train_x).all()
    assert np.bincount(x.train_y, minlength=10).min() > 10


@BOTH
def test_same_seed_same_images(name):
    first, again, other = (LOADERS[name](200, 20, seed) for seed in (0, 0, 1))
    assert np.array_equal(first.train_x, again.train_x) and np.array_equal(
        first.test_x, again.test_x
    )
    assert np.array_equal(first.train_y, again.train_y)
    assert not np.array_equal(first.train_x, other.train_x)


def test_more_images_begin_with_the_same_ones():
    few, many = (digits28.load_digits28(count, 1) for count in (1000, 2100))
    assert np.array_equal(few.train_x, many.train_x[:1000]) and np.array_equal(
        few.train_y, many.train_y[:1000]
    )
    assert not np.array_equal(many.train_x[:1000], many.train_x[1000:2000])


@BOTH
def test_the_digit_is_in_the_image(name):
    """With all else drawn alike, another digit changes the image in the middle, and not
    everywhere.
    """
    digits, _ = sources()
    one, other = (
        DRAWINGS[name](digits, np.full(40, digit), np.random.default_rng(5)) for digit in (0, 1)
    )
    change = np.abs(one - other).max(axis=1)
    share = (change > 20).mean(axis=(1, 2))
    assert (share > 0.02).all() and (share < 0.7).all()
    place = change.mean(axis=0)
    border = np.concatenate([place[0], place[-1], place[:, 0], place[:, -1]])
    assert place[10:-10, 10:-10].mean() > 3 * border.mean()


def test_clutter_comes_in_over_the_border():
    """With blank digits there is none: most images differ there, where their own digit seldom
    is.
    """
    digits, _ = sources()
    blank = replace(digits, pictures=np.zeros_like(digits.pictures))
    one, other = (
        textured.drawing(part, np.arange(60), np.random.default_rng(5)) for part in (digits, blank)
    )
    change = np.abs(one - other).max(axis=1) > 20
    border = np.concatenate(
        [change[:, 0], change[:, -1], change[:, :, 0], change[:, :, -1]], axis=1
    )
    assert border.any(axis=1).mean() > 0.6


def ridge(train, test):
    """Accuracy of least squares on every second pixel of every second row."""
    x, z = (
        (part[:, :, ::2, ::2].reshape(len(part), -1) - 128) / 128 for part in (train[0], test[0])
    )
    x, z = (
        np.concatenate([part, np.ones((len(part), 1))], axis=1).astype(np.float64)
        for part in (x, z)
    )
    weight = np.linalg.solve(x.T @ x + 300 * np.eye(x.shape[1]), x.T @ np.eye(10)[train[1]])
    return ((z @ weight).argmax(1) == test[1]).mean()


@pytest.mark.parametrize("name,low,high", [("digits28", 0.4, 0.8), ("textured", 0.1, 0.35)])
def test_difficulty(name, low, high):
    """A linear classifier reads the digits, wrong labels would show; on the textured ones it does
    little better than guessing.
    """
    x = LOADERS[name](2000, 500)
    assert low < ridge((x.train_x, x.train_y), (x.test_x, x.test_y)) < high


@BOTH
def test_loads_by_name_at_full_size(name, monkeypatch):
    """The size and name that a recipe gets, without drawing so many."""
    assert name in data.NAMES
    parameters = inspect.signature(LOADERS[name]).parameters
    assert [parameters[key].default for key in ("train", "test", "seed")] == [20_000, 4_000, 0]
    monkeypatch.setattr(
        "spikeloom.train.data.synthetic.draw",
        lambda drawing, digits, count, key: (count, (drawing, key), len(digits.labels)),
    )
    got = data.load(name)
    assert (got.train_x, got.test_x) == (20_000, 4_000)
    assert (got.train_y, got.test_y) == ((DRAWINGS[name], (0, 0)), (DRAWINGS[name], (0, 1)))
    assert got.drawn_from == 364


@pytest.mark.parametrize("wrong", [{"train": 0}, {"test": 0}, {"seed": -1}])
@BOTH
def test_refusals(name, wrong):
    with pytest.raises(
        SpikeLoomError, match=f"data set {name}: expected train >= 1, test >= 1 and seed >= 0, got"
    ):
        LOADERS[name](**{"train": 1, "test": 1} | wrong)


def still(count, **change):
    parts = {"scale": 1.0, "angle": 0.0, "shear": 0.0} | change
    offset = np.asarray(parts.pop("offset", (0, 0)), dtype=np.float32) + np.zeros(
        (count, 2), dtype=np.float32
    )
    return placing(*(np.full(count, value, dtype=np.float32) for value in parts.values()), offset)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).random((4, 9, 9), dtype=np.float32)


def test_see_as_it_is(pictures):
    index = np.array([2, 0, 3])
    assert np.allclose(see(pictures, index, still(3), 9), pictures[index], atol=1e-5)


def test_see_moved(pictures):
    """Two rows down, one column to the left; nothing moves in."""
    view = see(pictures, np.array([1]), still(1, offset=(2, -1)), 9)[0]
    assert np.allclose(view[2:, :-1], pictures[1, :-2, 1:], atol=1e-5)
    assert not view[:2].any() and not view[:, -1].any()


def test_see_turned(pictures):
    """A quarter turn: rows become columns, one of them reversed."""
    view = see(pictures, np.array([0]), still(1, angle=np.pi / 2), 9)[0]
    assert np.allclose(view, pictures[0].T[::-1], atol=1e-4) or np.allclose(
        view, pictures[0].T[:, ::-1], atol=1e-4
    )


def test_see_larger_and_smaller():
    ramp = np.broadcast_to(np.arange(9, dtype=np.float32)[None, :, None], (1, 9, 9)).copy()
    assert np.allclose(
        see(ramp, np.array([0]), still(1, scale=2.0), 9)[0, :, 4],
        4 + (np.arange(9) - 4) / 2,
        atol=1e-4,
    )
    half = see(ramp, np.array([0]), still(1, scale=0.5), 9)[0, :, 4]
    assert (
        np.allclose(half[2:7], [0, 2, 4, 6, 8], atol=1e-4)
        and not half[:2].any()
        and not half[7:].any()
    )


def test_see_sheared(pictures):
    """Columns move with the row, rows stay."""
    ramp = np.broadcast_to(np.arange(9, dtype=np.float32)[None, None], (1, 9, 9)).copy()
    view = see(ramp, np.array([0]), still(1, shear=0.25), 9)[0]
    assert np.allclose(np.diff(view[2:7, 4]), 0.25, atol=1e-4)
    assert np.allclose(np.diff(view[4]), 1, atol=1e-4)


@pytest.mark.parametrize("size,wanted", [(8, 32), (3, 32), (12, 32), (8, 8)])
def test_enlarging_keeps_what_is_smooth(size, wanted):
    matrix = cubic_matrix(size, wanted)
    assert matrix.shape == (wanted, size)
    assert np.allclose(matrix.sum(axis=1), 1, atol=1e-6)
    middle = slice(2 * wanted // size, wanted - 2 * wanted // size)
    line = matrix @ (np.arange(size) + 0.5).astype(np.float32)
    assert np.allclose(
        line[middle], ((np.arange(wanted) + 0.5) * size / wanted)[middle], atol=1e-4
    )  # straight lines stay straight
    if size == wanted:
        assert np.allclose(matrix, np.eye(size), atol=1e-6)


def test_enlarging_rows_and_columns():
    picture = np.zeros((1, 8, 8), dtype=np.float32)
    picture[0, 1, 6] = 1
    large = enlarge(picture, 32)[0]
    assert np.unravel_index(large.argmax(), large.shape) in [(5, 25), (5, 26), (6, 25), (6, 26)]
