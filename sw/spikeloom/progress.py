"""How long work tells what it is doing: one callback for every command, notebook and test.

def show(what, done, total):
    print(what, done, "of", total)

acc.simulate(x, progress=show)
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called now and then with what is being done, how much of it is done, and how much there is.

    ``total`` is 0 where nobody knows how much there is.
    """

    def __call__(self, what: str, done: int, total: int, /) -> None: ...


def silent(what: str, done: int, total: int) -> None:
    """Shows nothing."""


def named(what: str, progress: Progress) -> Progress:
    """The same callback, told ``what`` whatever the work inside calls itself."""

    def told(_: str, done: int, total: int) -> None:
        progress(what, done, total)

    return told
