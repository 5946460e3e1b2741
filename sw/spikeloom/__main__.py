"""The command, and ``python -m spikeloom``: what a Ctrl-C finds before anything else is
imported.
"""

from __future__ import annotations

import os
import signal


def interrupted(*_: object) -> None:
    """One line and the end. Nothing has been started yet, and an exception inside an import may
    come out as another one.
    """
    os.write(2, b"spikeloom: interrupted\n")
    os._exit(130)


def main() -> None:
    """Entry point."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupted)
    from spikeloom.cli import main as cli

    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, usual)
    cli.main()


if __name__ == "__main__":
    main()
