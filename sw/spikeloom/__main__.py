"""``python -m spikeloom`` is the command line."""

from spikeloom.cli import main

main()
