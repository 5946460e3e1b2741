"""``python -m tests.check``: the tests that a change needs, see :mod:`tests.tiers`.

Changed is what differs from a commit (``--base``, HEAD if not given), and what git does not know
yet. ``--list`` shows the files, with the number of imports between them and the change, and runs
nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable

from tests.changes import affected, changed
from tests.import_graph import ROOT
from tests.tiers import CHECK, SECONDS, SHORT

RUN = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder", "-q")


BASE = 110
"""Seconds of one core without any changed file."""


def always() -> list[str]:
    """Files and folders that hold tests of this tier."""
    places = dict.fromkeys(pattern.partition("::")[0].rstrip("/*") for pattern in CHECK)
    return [place for place in places if (ROOT / place).exists()]


def minutes(files: Iterable[str]) -> float:
    """What this tier and some files take on two cores."""
    return (BASE + sum(SECONDS.get(name, SHORT) for name in files)) / 2 / 60


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.check", description=__doc__)
    parser.add_argument("--base", default="HEAD", help="the commit to compare with")
    parser.add_argument("--list", action="store_true", help="show the files, run nothing")
    options = parser.parse_args()
    paths = changed(options.base)
    files = affected(paths)
    print(
        f"{len(paths)} changed files; {len(files)} test files import what changed, and run whole:"
        f" about {minutes(files):.0f} minutes on two cores",
        flush=True,
    )
    if options.list:
        print(*(f"{steps:4d}  {name}" for name, steps in files.items()), sep="\n")
        return 0
    command = [sys.executable, "-m", "pytest", *RUN, "-m", "not proof", "--tier", "check"]
    for name in files:
        command += ["--affected", name]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.call([*command, *always(), *files], cwd=ROOT, env=environment)


if __name__ == "__main__":
    sys.exit(main())
