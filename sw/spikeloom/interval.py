"""How sure an accuracy is that was counted on a test set."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson(right: float, images: int, confidence: float = 0.95) -> tuple[float, float]:
    """Lower and upper end of Wilson's score interval for ``right`` of ``images`` right answers, both as shares.

    ``right`` may be a mean over several trainings, and then is no integer. Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927).
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = right / images
    middle = share + z * z / (2 * images)
    half = z * sqrt(share * (1 - share) / images + z * z / (4 * images * images))
    whole = 1 + z * z / images
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)
