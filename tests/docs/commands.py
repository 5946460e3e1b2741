"""Commands in the documentation: which there are, whether the command line takes them, and when
they are run.

``TIERS`` is the one place that says what runs when.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from spikeloom.cli.main import app
from typer.main import get_command

from tests.docs.pages import ROOT, Page


class Tier(Enum):
    """When a command is run. Every command is checked in any case."""

    TEST = "it takes seconds, on a small network"
    PROOF = "it takes minutes, as it stands"
    NEVER = "it needs a board, a tool, the net or a night, or runs the tests"


TIERS: tuple[tuple[str, Tier], ...] = (
    ("spikeloom train my.py", Tier.TEST),
    ("spikeloom train", Tier.PROOF),
    ("spikeloom sweep", Tier.PROOF),
    ("spikeloom bench twins", Tier.NEVER),
    ("spikeloom bench", Tier.PROOF),
    ("spikeloom synth build/sparse-cnv", Tier.NEVER),
    ("spikeloom synth", Tier.PROOF),
    ("spikeloom sim build/sparse-cnv", Tier.NEVER),
    ("spikeloom sim build/digits-cnn --waves", Tier.PROOF),
    ("spikeloom measure", Tier.PROOF),
    ("spikeloom compile build/bench", Tier.NEVER),
    ("spikeloom bitstream build/digits-cnn --flow vivado --from", Tier.NEVER),
    ("spikeloom bitstream build/digits-cnn --clock-mhz auto", Tier.NEVER),
    ("spikeloom hls build/digits-cnn --csim", Tier.PROOF),
    ("spikeloom", Tier.TEST),
    ("python -m spikeloom_sim.board.deployed", Tier.PROOF),
    ("python", Tier.NEVER),
    ("pytest", Tier.NEVER),
    ("make check", Tier.NEVER),
    ("make test", Tier.NEVER),
    ("make proof", Tier.NEVER),
    ("make lint", Tier.NEVER),
    ("make format", Tier.NEVER),
    ("make docs", Tier.NEVER),
    ("make", Tier.PROOF),
    ("cd", Tier.NEVER),
    ("ls", Tier.NEVER),
    ("scp", Tier.NEVER),
    ("source", Tier.NEVER),
    ("ssh", Tier.NEVER),
    ("sudo", Tier.NEVER),
)
"""Beginning of a command, and when it runs. The first one that fits counts."""

STATUS = {
    "spikeloom bitstream": 3,
    "spikeloom hls build/digits-cnn --vitis": 3,
    "spikeloom compile build/digits-cnn/model.onnx -o build/mine --board vcu118": 2,
}
"""Exit status that is not 0, by the beginning of a command: a tool is missing, or it is an example
of an error.
"""


@dataclass(frozen=True)
class Command:
    """One command of an ``sh`` block."""

    text: str
    line: int

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text, comments=True)

    @property
    def tier(self) -> Tier:
        """Raises LookupError for a command of which nobody said when it runs."""
        for start, tier in TIERS:
            if self.begins(start):
                return tier
        raise LookupError(f"{self.text}: expected it in TIERS of tests/docs/commands.py")

    def begins(self, start: str) -> bool:
        return " ".join(self.words).startswith(start)

    @property
    def status(self) -> int:
        return next((code for start, code in STATUS.items() if self.begins(start)), 0)


def commands(page: Page) -> list[Command]:
    """Commands of the ``sh`` blocks of a page, lines that go on joined."""
    found = []
    for block in page.blocks:
        if block.language != "sh":
            continue
        text = re.sub(r"\\\n +", lambda _: "\0", block.text)
        line = block.line
        for whole in text.splitlines():
            if whole.strip():
                found.append(Command(whole.replace("\0", ""), line))
            line += 1 + whole.count("\0")
    return found


def check(command: Command, project: Path, config: pytest.Config) -> None:
    """Whether there is such a command with such options. Raises where there is not.

    Arguments: project: a folder with the Makefile alone. config: knows the options of pytest.
    """
    name, *rest = command.words
    if name == "spikeloom":
        check_spikeloom(rest)
    elif name == "make":
        for line in made(tuple(rest), project):
            check_spikeloom(line)
    elif name == "python":
        assert rest[0] == "-m" and find_spec(rest[1]), f"{command.text}: no such module"
        assert all((ROOT / word).exists() for word in rest[2:] if word.startswith("docs/"))
    elif name == "pytest":
        check_pytest(rest, config)


def check_spikeloom(words: list[str]) -> None:
    """Parse a command as the command line does. Raises its error, which names the option."""
    group = get_command(app)
    assert words[0] in group.commands, f"{words[0]}: no such command"
    group.commands[words[0]].make_context(words[0], list(words[1:]))


def check_pytest(words: list[str], config: pytest.Config) -> None:
    """Paths that are there, options that pytest or this suite knows."""
    for word in words:
        if word.startswith("--"):
            config.getoption(word.partition("=")[0])
        elif word.startswith("tests/"):
            assert (ROOT / word).exists(), f"{word}: no such file"


def project_of(folder: Path) -> Path:
    """A folder with the Makefile and an installed environment, for ``made``."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / ".venv").mkdir()
    (folder / ".venv" / ".installed").write_text("", encoding="utf-8")
    return folder


@cache
def made(words: tuple[str, ...], project: Path) -> list[list[str]]:
    """Calls of the command line that ``make`` with these words makes from nothing. Raises where it
    does not know a target, and for a variable that the Makefile does not.
    """
    known = variables((project / "Makefile").read_text(encoding="utf-8"))
    for word in words:
        name, given, value = word.partition("=")
        assert not given or name in known, f"make: {name}: expected one of {', '.join(known)}"
        if given and name in ("MODEL", "INPUT"):
            (project / value).touch()
    done = subprocess.run(
        ["make", "-n", "--no-print-directory", *words],
        cwd=project,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
    )
    assert done.returncode == 0, f"make {' '.join(words)}: {done.stderr}"
    return [
        line[1:]
        for line in map(shlex.split, done.stdout.replace("\\\n", "").splitlines())
        if line and line[0].endswith("bin/spikeloom")
    ]


def variables(makefile: str) -> dict[str, str]:
    """Variables that a user may set, with their defaults."""
    return dict(re.findall(r"^([A-Z]+) *\?= *(.*)$", makefile, re.MULTILINE))
