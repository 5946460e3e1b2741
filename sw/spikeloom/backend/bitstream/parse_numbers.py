"""Numbers that tools print, before anyone computes with them: a text that is no number, or a number
that cannot be, is an error.
"""

from __future__ import annotations

import re

from spikeloom.errors import SpikeLoomError

LOWEST_MHZ, HIGHEST_MHZ = 1, 2000
"""What a clock in an FPGA can be."""

MOST = 10_000_000
"""More of a kind than any FPGA has."""

PLAIN = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?")

LENGTH = 40


def number(text: str) -> float | None:
    """The number that a text is in ASCII digits; None for anything else. Python would also take
    underscores and ``nan``.
    """
    return float(text) if PLAIN.fullmatch(text) else None


def shown(value: object) -> str:
    """What was found, as errors say it: in one short line."""
    text = ascii(value)
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}..."


def mhz(value: object, where: str, what: str) -> float:
    """A clock in MHz, of a number or a text. Raises SpikeLoomError for one that no FPGA has;
    ``what`` says which, ``where`` the file.
    """
    found = number(value) if isinstance(value, str) else value
    if (
        isinstance(found, bool)
        or not isinstance(found, (int, float))
        or not LOWEST_MHZ <= found <= HIGHEST_MHZ
    ):
        raise SpikeLoomError(
            f"{where}: expected {LOWEST_MHZ} to {HIGHEST_MHZ} MHz for {what}, found {shown(value)};"
            " look at what the tool says there"
        )
    return float(found)


def count(value: object, where: str, what: str) -> int:
    """How many there are, of a number or a text. Raises SpikeLoomError for what is no count, or
    more than any FPGA has.
    """
    found = number(value) if isinstance(value, str) else value
    if (
        isinstance(found, bool)
        or not isinstance(found, (int, float))
        or not 0 <= found <= MOST
        or found != int(found)
    ):
        raise SpikeLoomError(
            f"{where}: expected how many {what} there are, found {shown(value)}; look at what the"
            " tool says there"
        )
    return int(found)
