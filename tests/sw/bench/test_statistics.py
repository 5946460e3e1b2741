"""Wilson's interval, against scipy's; and that of images that several come from one source, against
trials.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from spikeloom.bench.statistics import clustered, effective_images, wilson


@pytest.mark.parametrize("images", [1, 7, 364, 10_000])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_equals_scipy(images, confidence):
    for right in sorted({0, 1, images // 3, images - 1, images}):
        expected = binomtest(right, images).proportion_ci(confidence, method="wilson")
        assert wilson(right, images, confidence) == pytest.approx(
            (expected.low, expected.high), abs=1e-12
        )


def test_a_mean_over_seeds_lies_between_its_neighbours():
    (a, b), (c, d), (e, f) = (wilson(right, 364) for right in (350, 350.5, 351))
    assert a < c < e and b < d < f


def drawn(rng, sources, each, spread):
    """Sources of their own difficulty (beta), and right answers to images of them."""
    share = rng.beta(0.9 / spread, 0.1 / spread, sources)
    source = np.repeat(np.arange(sources), each)
    return rng.random(len(source)) < share[source], source


def test_one_image_of_each_source_is_wilson():
    right = np.arange(50) % 7 > 0
    assert clustered(right, np.arange(50)[::-1]) == wilson(int(right.sum()), 50)
    assert clustered(right, np.arange(50), 0.9) == wilson(int(right.sum()), 50, 0.9)


def test_copies_are_worth_nothing():
    """Each image ten times, under any numbers: as many independent ones as there were."""
    right = np.arange(60) % 5 > 0
    source = (np.arange(60) * 37 + 11) % 4001
    assert effective_images(np.tile(right, 10), np.tile(source, 10)) == pytest.approx(60, rel=0.02)


def test_independent_images_of_few_sources_are_nearly_all_worth_something():
    rng = np.random.default_rng(0)
    worth = [
        effective_images(rng.random(2000) < 0.9, np.repeat(np.arange(200), 10)) for _ in range(20)
    ]
    assert max(worth) == 2000 and np.mean(worth) > 1800


@pytest.mark.parametrize("right", [np.zeros(40, dtype=bool), np.ones(40, dtype=bool)])
def test_without_any_variance_the_sources_count(right):
    assert effective_images(right, np.arange(40) // 10) == 4
    assert clustered(right, np.arange(40) // 10) == wilson(4 * right[0], 4)


def test_one_source_is_one_image():
    assert effective_images(np.arange(10) > 2, np.zeros(10)) == 1


def test_covers_the_truth_where_wilson_over_images_does_not():
    """364 sources of 11 images each, as the drawn sets have them; the truth is the mean over all
    sources that there could be.
    """
    rng, inside, by_images = np.random.default_rng(3), 0, 0
    for _ in range(400):
        right, source = drawn(rng, 364, 11, 0.5)
        low, high = clustered(right, source)
        narrow, wide = wilson(int(right.sum()), len(right))
        inside, by_images = inside + (low <= 0.9 <= high), by_images + (narrow <= 0.9 <= wide)
    assert 0.925 <= inside / 400 <= 0.975
    assert by_images / 400 < 0.75


def test_agrees_with_a_bootstrap_over_sources():
    rng = np.random.default_rng(5)
    right, source = drawn(rng, 364, 11, 0.3)
    by_source = right.reshape(364, 11).mean(axis=1)
    means = [by_source[rng.integers(0, 364, 364)].mean() for _ in range(3000)]
    assert clustered(right, source) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.006)
