"""Wilson's interval, against scipy's."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest
from spikeloom.interval import wilson


@pytest.mark.parametrize("images", [1, 7, 364, 10_000])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_equals_scipy(images, confidence):
    for right in sorted({0, 1, images // 3, images - 1, images}):
        expected = binomtest(right, images).proportion_ci(confidence, method="wilson")
        assert wilson(right, images, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_mean_over_seeds_lies_between_its_neighbours():
    (a, b), (c, d), (e, f) = (wilson(right, 364) for right in (350, 350.5, 351))
    assert a < c < e and b < d < f
