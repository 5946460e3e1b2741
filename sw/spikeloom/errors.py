"""Errors that a user can act on: one line with what was expected, what was found, where, and how to go on."""


class SpikeLoomError(Exception):
    """Bad input or a request that cannot be met. The command line prints it as one line and exits with status 2."""


class UnsupportedError(SpikeLoomError):
    """The network holds an operator, or a combination, that the compiler does not know."""


class CapacityError(SpikeLoomError):
    """The network is right but does not fit: a width, a depth or a board is too small."""
