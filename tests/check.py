"""``python -m tests.check``: the tests that a change needs, see :mod:`tests.tiers`.

Changed is what differs from a commit (``--base``, HEAD if not given), and what git does not know
yet. The test files nearest to the change come first, as many as there is time for; what is left to
``make test`` is said. ``--all`` leaves nothing. ``--list`` shows the files, with the number of
imports between them and the change, and runs nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping

from tests.changes import affected, changed
from tests.import_graph import ROOT
from tests.tiers import CHECK, SECONDS, SHORT

RUN = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder", "-q")

BASE = 110
"""Seconds of one core without any changed file."""

MOST = 260
"""Seconds of one core for the test files of a change: with ``BASE`` and lint, four minutes of two
cores."""


def always() -> list[str]:
    """Files and folders that hold tests of this tier."""
    places = dict.fromkeys(pattern.partition("::")[0].rstrip("/*") for pattern in CHECK)
    return [place for place in places if (ROOT / place).exists()]


def within(files: Mapping[str, int], most: float) -> list[str]:
    """The files that take so many seconds of one core together, the nearest first."""
    chosen, left = [], most
    for name in files:
        if (seconds := SECONDS.get(name, SHORT)) <= left:
            chosen.append(name)
            left -= seconds
    return chosen


def minutes(files: Iterable[str]) -> float:
    """What this tier and some files take on two cores."""
    return (BASE + sum(SECONDS.get(name, SHORT) for name in files)) / 2 / 60


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.check", description=__doc__)
    parser.add_argument("--base", default="HEAD", help="the commit to compare with")
    parser.add_argument("--all", action="store_true", help="however long it takes")
    parser.add_argument("--list", action="store_true", help="show the files, run nothing")
    options = parser.parse_args()
    paths = changed(options.base)
    found = affected(paths)
    files = list(found) if options.all else within(found, MOST)
    print(
        f"{len(paths)} changed files; {len(found)} test files import what changed; {len(files)}"
        f" of them run whole, the nearest first: about {minutes(files):.0f} minutes on two cores"
    )
    if len(files) < len(found):
        print(
            f"{len(found) - len(files)} are left to make test; CHECK=--all runs them too, about"
            f" {minutes(found):.0f} minutes"
        )
    sys.stdout.flush()
    if options.list:
        for name, steps in found.items():
            print(f"{steps:4d}  {name}{'' if name in files else '  (left to make test)'}")
        return 0
    command = [sys.executable, "-m", "pytest", *RUN, "-m", "not proof", "--tier", "check"]
    for name in files:
        command += ["--affected", name]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.call([*command, *always(), *files], cwd=ROOT, env=environment)


if __name__ == "__main__":
    sys.exit(main())
