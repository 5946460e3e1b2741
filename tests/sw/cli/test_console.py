"""What the command line shows: one row per layer whatever its name, and plain lines where nobody
watches.
"""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from spikeloom.cli import console as screen
from spikeloom.cli import simulate
from spikeloom.interface.figures import Spread
from spikeloom.interface.performance import LayerFigures, Performance

IMAGES = 364
LONG = [f"encoder/stage{k}/{'x' * 40}Conv{k}" for k in range(4)]


Shown = Callable[[list[str], int, int], list[str]]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def measured(names: list[str], steps: int) -> Performance:
    rows = tuple(
        LayerFigures(
            name,
            "depthwise 3×3",
            4096 * IMAGES,
            tuple(range(9000, 9000 + steps)),
            3,
            110837 * IMAGES,
            1200 * IMAGES,
            5,
            5,
        )
        for name in names
    )
    rungs = {"torch": 0.9, "golden": 0.9, "RTL": 0.9}
    return Performance(
        "net",
        "pynq-z2",
        100.0,
        IMAGES,
        Spread(3805, 4090, 4437, 5000, 4100.5),
        Spread(1400, 1466, 1500, 1500, 1466.0),
        rows,
        rows,
        rungs,
        tuple(rungs),
        ((3, 1), (0, 0)),
    )


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str], int, int], list[str]]:
    """Lines of the closing screen of a simulation, by names, planes and width."""

    def lines(names: list[str], steps: int, width: int) -> list[str]:
        out = StringIO()
        monkeypatch.setattr(screen, "console", Console(width=width, file=out, highlight=False))
        simulate.closing(measured(names, steps), Path("report.html"))
        return [line.rstrip() for line in out.getvalue().splitlines()]

    return lines


@pytest.mark.parametrize("names", [LONG, ["conv1", "[bold]fc[/]"]])
def test_the_closing_screen_fits_into_80_columns_one_row_per_layer(
    names: list[str], shown: Shown
) -> None:
    assert all(len(name) == 60 for name in LONG)
    found = shown(names, 4, 80)
    assert max(map(len, found)) <= 80
    first = next(k for k, line in enumerate(found) if line.startswith("layer"))
    rows = found[first + 1 : first + 1 + len(names)]
    for name, row in zip(names, rows, strict=True):
        assert (
            row.startswith(name[:6])
            and name[-5:] in row
            and "depthwise 3×3" in row
            and row.endswith("100.0 %")
        )
    assert not found[first + 1 + len(names)]
    assert any(line.endswith("no board confirmed it.") for line in found)


def test_sixteen_planes_take_more_lines_but_no_number_is_torn(shown: Shown) -> None:
    found = shown(LONG, 16, 80)
    first = next(k for k, line in enumerate(found) if line.startswith("layer"))
    end = next(k for k, line in enumerate(found) if "simulated" in line)
    assert max(map(len, found)) <= 80
    assert " ".join(found[first:end]).split().count("99") == 16 * len(LONG)


def test_a_wide_screen_shows_whole_names(shown: Shown) -> None:
    text = "\n".join(shown(LONG, 4, 160))
    assert all(name in text for name in LONG)


def progress(out: StringIO, console: Console, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is shown of two things, the second of which fails."""
    monkeypatch.setattr(screen, "console", console)
    with pytest.raises(KeyboardInterrupt), screen.bars() as show:
        show("train", 0, 2)
        show("train", 2, 2)
        show("build", 0, 0)
        raise KeyboardInterrupt
    return out.getvalue().splitlines()


@pytest.mark.parametrize("force", [None, True])
def test_pipes_get_plain_lines_and_nothing_unfinished(
    force: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where colours are forced, as many build servers do."""
    out = StringIO()
    first, second, third = progress(out, Console(file=out, force_terminal=force), monkeypatch)
    assert (
        first == "training ..."
        and second.startswith("training: done in ")
        and third == "building the simulation (Verilator, C++) ..."
    )
    assert "\r" not in out.getvalue() and "\x1b" not in out.getvalue()


def test_terminals_get_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    console = Console(file=out, force_terminal=True, force_interactive=True)
    assert any("2/2" in line for line in progress(out, console, monkeypatch))
