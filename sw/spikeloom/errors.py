"""Errors that a user can act on: one line with what was expected, what was found, where, and how to
go on. What a user's own code raises names the user's line.
"""

from __future__ import annotations

import traceback
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


NOT_THEIRS = (Path(__file__).parent, Path(traceback.__file__).parent)


def theirs(filename: str) -> bool:
    """Whether a user wrote that file: it is not SpikeLoom's, the standard library's, or an
    installed package's.
    """
    path = Path(filename)
    if filename.startswith("<") or {"site-packages", "dist-packages"} & set(path.parts):
        return False
    return not any(path.is_relative_to(folder) for folder in NOT_THEIRS)


def message(error: BaseException) -> str:
    """An error as one line, with its type unless it is a line of ours already."""
    text = " ".join(str(error).split())
    return (
        text
        if isinstance(error, SpikeLoomError)
        else f"{type(error).__name__}: {text}".removesuffix(": ")
    )


def place(error: BaseException) -> str | None:
    """``net.py line 12: TypeError: ...``: the innermost line of the user's code that led to the
    error; None if there is none.
    """
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{Path(error.filename).name} line {error.lineno}: {error.msg}"
    lines = [
        (frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    for filename, line in reversed(lines):
        if theirs(filename):
            return f"{Path(filename).name} line {line}: {message(error)}"
    return None


@contextmanager
def blaming(what: str) -> Iterator[None]:
    """Runs code that calls the user's. Raises SpikeLoomError with :func:`place` for what fails in
    there; any other error passes.
    """
    try:
        yield
    except Exception as error:  # whatever a user's code does wrong
        where = place(error)
        if where is None:
            raise
        raise SpikeLoomError(f"{what}: {where}") from error
