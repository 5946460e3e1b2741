"""What can go wrong on a board. Every one of these is one line that says what happened and how to
go on.
"""

from __future__ import annotations

from spikeloom.errors import SpikeLoomError


class BoardError(SpikeLoomError):
    """Anything of this package.

    Attributes
    ----------
    images_done: images of the call whose results had left the network when it happened.
    """

    def __init__(self, message: str, images_done: int = 0) -> None:
        super().__init__(message)
        self.images_done = images_done


class SetupError(BoardError):
    """The board's software is not ready: not root, another Python environment, no device, an old
    pynq, a file that is missing.
    """


class MismatchError(BoardError):
    """Two sources that must agree do not: bitstream and manifest, board and manifest, log and
    registers.
    """


class InputError(BoardError):
    """The input has another type or shape than the network's, is empty, or holds numbers that it
    cannot take.
    """


class BufferFault(BoardError):
    """A buffer was freed, is too small, misaligned, or could not be allocated."""


class JobError(BoardError):
    """A job did not end well. The engine was reset, and the next job runs."""


class BusyError(JobError):
    """Another job runs on the accelerator."""


class BusError(JobError):
    """Memory answered a transfer with an error."""


class ProtocolError(JobError):
    """Memory broke the rules of its port."""


class StreamError(JobError):
    """Images and input words did not come out even."""


class ResetError(JobError):
    """The fabric was reset while a job ran."""


class HangError(JobError):
    """Nothing moved for longer than the network can take."""


class MemoryHangError(HangError):
    """Memory does not answer a transfer that is under way."""
