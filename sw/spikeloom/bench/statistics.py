"""How sure an accuracy is that was counted on a test set."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt


def wilson(right: float, images: float, confidence: float = 0.95) -> tuple[float, float]:
    """Lower and upper end of Wilson's score interval for ``right`` of ``images`` right answers,
    both as shares.

    ``right`` may be a mean over several trainings, and ``images`` what a sample is worth: they need
    not be integers. Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927).
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = right / images
    middle = share + z * z / (2 * images)
    half = z * sqrt(max(0.0, share * (1 - share) / images + z * z / (4 * images * images)))
    whole = 1 + z * z / images
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def clustered(
    right: npt.ArrayLike, source: npt.ArrayLike, confidence: float = 0.95
) -> tuple[float, float]:
    """The same where several images come from one source, which is right or wrong about all of them
    more often than by chance.

    right: (N,), whether each image is right, or the share of several trainings that are. source:
    (N,), where each image is from. Wilson's interval with as many images as the sample is worth;
    that of all images where each has a source of its own.

    Sources: effective size in Wilson's interval: N. Dean, M. Pagano, J. Survey Statistics and
    Methodology 3 (2015); design effect: L. Kish, Survey Sampling (1965).
    """
    every = np.asarray(right, dtype=np.float64)
    images = effective_images(every, source)
    return wilson(float(every.mean()) * images, images, confidence)


def effective_images(right: npt.ArrayLike, source: npt.ArrayLike) -> float:
    """How many independent images a sample is worth: their number by Kish's design effect, which is
    not taken below 1.

    The design effect is the variance of the mean between sources, by linearisation, over that of
    independent images. Where all are right, or all wrong, no variance tells anything: then it is
    the number of sources.
    """
    every, numbers = (
        np.asarray(right, dtype=np.float64),
        np.unique(np.asarray(source), return_inverse=True)[1],
    )
    images, sources, share = len(every), int(numbers.max()) + 1, float(every.mean())
    if sources == images or share in (0.0, 1.0) or sources == 1:
        return float(sources)
    between = np.bincount(numbers, weights=every - share)
    variance = sources / (sources - 1) * float((between**2).sum()) / images**2
    independent = share * (1 - share) / (images - 1)
    return images / max(1.0, variance / independent)
