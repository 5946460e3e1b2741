"""Signals as a terminal leaves them. A suite that was started in the background inherits that
Ctrl-C and hang-ups are ignored, and so do the programs that it starts.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


def heard() -> None:
    """In a program about to be started (``preexec_fn``): none of them is ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def ctrl_c() -> Iterator[None]:
    """Inside, SIGINT raises KeyboardInterrupt."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
