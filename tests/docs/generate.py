"""The page of the command line, from the command line itself and the Makefile.

``python -m tests.docs.generate`` writes ``docs/reference/command-line.md``; a test says when it is
not up to date.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable
from textwrap import fill
from typing import Any

from spikeloom.cli.main import app
from typer.models import ArgumentInfo, OptionInfo

from tests.docs.commands import variables
from tests.docs.pages import DOCS, ROOT

PAGE = DOCS / "reference" / "command-line.md"

OPENING = """\
# Command line

```sh
spikeloom golden build/digits-cnn
```

```text
364 images, accuracy 98.90 %
```

`spikeloom` has one command per box of the drawing. Each reads files of a network folder and writes
files there. `spikeloom COMMAND --help` shows the same as this page.

This page is generated: `python -m tests.docs.generate`.

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | torch, the QONNX executor or the hardware differs from the golden model |
| 2 | bad input or a request that cannot be met; one line says where, what was expected and found |
| 3 | all is there but a vendor tool (`bitstream`, `hls --vitis`) |
| 130 | interrupted with Ctrl-C |
"""

MAKE = """\
## make

The Makefile calls these commands, and only for what is older than its sources.

```sh
make sim NET=digits-mlp SIM="--waves f.fst --images 3"
```
"""

MEANING = {
    "NET": "network: a name of SpikeLoom's, or `file.py:function`",
    "BOARD": "`pynq-z2` or `zcu104`",
    "MODEL": "an ONNX file instead of `NET`",
    "INPUT": "input (`.npy`) of `MODEL`, also for calibration",
    "FLOW": "of `bitstream`: `vivado`, or `open` for Yosys and nextpnr (PYNQ-Z2)",
    "PYTHON": "the Python that `.venv` is made with",
}
"""Of the variables that are no options of a command."""

VALUES = {"int": "N", "float": "X", "str": "TEXT", "Path": "PATH"}


def command_line() -> str:
    """The whole page."""
    parts = [OPENING, "## Commands\n\n" + overview()]
    parts += [section(command.callback) for command in registered()]
    return "\n".join([*parts, MAKE, targets(), makefile_variables()])


def registered() -> list[Any]:
    """Commands in the order in which a network travels through them."""
    order = "train export compile emit sim golden compare synth steps weights hls bitstream deploy"
    names = [*order.split(), "measure", "report", "sweep", "bench"]
    found = {name_of(command): command for command in app.registered_commands}
    assert sorted(names) == sorted(found), f"expected the commands {names}, found {sorted(found)}"
    return [found[name] for name in names]


def name_of(command: Any) -> str:
    return str(command.name or command.callback.__name__)


def sentence(function: Callable[..., Any]) -> str:
    return " ".join((inspect.getdoc(function) or "").split())


def overview() -> str:
    lines = ["| command | what it does |", "|---|---|"]
    lines += [
        row_of(f"[`{name_of(command)}`](#{name_of(command)})", sentence(command.callback))
        for command in registered()
    ]
    return "\n".join(lines) + "\n"


def section(function: Callable[..., Any]) -> str:
    """One command: what it does, how it is called, its arguments and options."""
    name = function.__name__.rstrip("_")
    hints = typing.get_type_hints(function, include_extras=True)
    arguments, rows = [], []
    for key, parameter in inspect.signature(function).parameters.items():
        kind, info = typing.get_args(hints[key])[:2]
        if isinstance(info, ArgumentInfo):
            arguments.append(info.metavar)
            rows.append((f"`{info.metavar}`", info.help, default_of(parameter)))
        else:
            rows.append((option(key, kind, info), info.help, default_of(parameter)))
    lines = [f"### {name}", "", fill(sentence(function), 98), "", "```text"]
    lines += [f"spikeloom {name} {' '.join(map(str, arguments))} [OPTIONS]", "```", ""]
    lines += [row_of("argument or option", "meaning", "default"), "|---|---|---|"]
    return "\n".join([*lines, *(row_of(*row) for row in rows)]) + "\n"


def row_of(*cells: Any) -> str:
    """A row of a table; a bar inside a cell is no border."""
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def option(key: str, kind: Any, info: OptionInfo) -> str:
    """``-o`` and ``--output DIR``, with the range of a number."""
    given = [info.default, *(info.param_decls or ())]  # in Annotated the first one is the default
    names = [name for name in given if isinstance(name, str)] or [f"--{key.replace('_', '-')}"]
    types = [one.__name__ for one in (typing.get_args(kind) or (kind,)) if one is not type(None)]
    value = info.metavar or VALUES.get(types[0], "")
    ends = [f"≥ {info.min}"] * (info.min is not None) + [f"≤ {info.max}"] * (info.max is not None)
    text = ", ".join(f"`{name} {value}`" if value else f"`{name}`" for name in names)
    return " ".join([text, *ends])


def default_of(parameter: inspect.Parameter) -> str:
    default = parameter.default
    if default is inspect.Parameter.empty:
        return "required"
    return "" if default is None or default is False else f"`{default}`"


def targets() -> str:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    lines = ["| target | what it does |", "|---|---|"]
    lines += [
        row_of(f"`make {name}`", meaning)
        for name, meaning in re.findall(r"^([a-z]+):.*## (.*)$", text, re.MULTILINE)
    ]
    return "\n".join(lines) + "\n"


def makefile_variables() -> str:
    """Variables: those that are explained, and the options of single commands."""
    lines = ["| variable | meaning | default |", "|---|---|---|"]
    for name, default in variables((ROOT / "Makefile").read_text(encoding="utf-8")).items():
        meaning = MEANING.get(name, f"more options of `spikeloom {name.lower()}`")
        lines.append(row_of(f"`{name}`", meaning, f"`{default}`" if default else ""))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(command_line(), encoding="utf-8")
