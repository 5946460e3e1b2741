"""Errors that a user can act on: one line with what was expected, what was found, where, and how to
go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SpikeLoomError(Exception):
    """Bad input or a request that cannot be met. The command line prints it as one line and exits
    with status 2.
    """


class UnsupportedError(SpikeLoomError):
    """The network holds an operator, or a combination, that the compiler does not know."""


class CapacityError(SpikeLoomError):
    """The network is right but does not fit: a width, a depth or a board is too small."""


@contextmanager
def about(name: str | Path, path: Path | None = None) -> Iterator[None]:
    """Errors inside begin with ``name``; where they already do, or with ``path``, it is not said
    twice.
    """
    try:
        yield
    except SpikeLoomError as error:
        text = str(error)
        for known in (name, path):
            text = text.removeprefix(f"{known}: ")
        raise type(error)(f"{name}: {text}") from error
