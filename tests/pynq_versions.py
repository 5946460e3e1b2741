"""The two versions of pynq that boards have: 4.0 is installed, 3.1 (the last one for Zynq-7000)
lies beside it, see the Makefile.

``python -m tests.pynq_versions 3.1.2 FILE`` runs a file of tests under one of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

OLDER = Path(sys.prefix) / "pynq-3.1.2"

VERSIONS: dict[str, tuple[Path, ...]] = {"3.1.2": (OLDER,), "4.0.0": ()}
"""Version to what must come first on the path."""


def run_tests(version: str, program: Path, *arguments: str) -> None:
    """Run a file of tests in an interpreter of its own, under one version of pynq. Fails with its
    output if one of them does.
    """
    first = [str(path) for path in VERSIONS[version]]
    assert all(Path(path, "pynq").is_dir() for path in first), (
        f"{first[0]}: expected pynq {version}; run 'make venv'"
    )
    path = os.pathsep.join(
        [*first, *([os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else [])]
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        str(program),
        *arguments,
    ]
    environment = {**os.environ, "PYTHONPATH": path, "SPIKELOOM_PYNQ": version}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout and "skipped" not in done.stdout


if __name__ == "__main__":
    run_tests(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
