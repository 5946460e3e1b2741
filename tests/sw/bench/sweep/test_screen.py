"""What is shown while a sweep runs."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from spikeloom.cli import console as screen
from spikeloom.cli import sweep


def test_time_left() -> None:
    now = [100.0]
    clock = sweep.Clock(lambda: now[0])
    clock.told("check", 1, 2)
    assert (clock.share, clock.left) == (0.0, "")
    now[0] = 150.0  # what went before the points is not theirs
    clock.told("points", 0, 4)
    assert clock.left == ""
    now[0] += 10
    clock.told("points", 1, 4)
    assert (clock.share, clock.left) == (0.25, "about 30 s left")
    clock.told("train", 5, 10)
    assert clock.share == pytest.approx(1.45 / 4)
    clock.told("torch", 1, 2)
    assert clock.share == pytest.approx(1.45 / 4)
    now[0] += 3600
    clock.told("points", 3, 4)
    assert clock.left == "about 20 min left"
    clock.told("points", 4, 4)
    assert (clock.share, clock.left) == (1.0, "")


@pytest.mark.parametrize("terminal", [False, True])
def test_both_kinds_show_points(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    out.isatty = lambda: terminal  # type: ignore[method-assign]
    monkeypatch.setattr(screen, "console", Console(file=out, force_terminal=terminal, width=100))
    with sweep.watch() as show:
        for told in (
            ("check", 0, 1),
            ("points", 0, 2),
            ("train", 3, 10),
            ("freeze", 0, 0),
            ("points", 1, 2),
            ("points", 2, 2),
        ):
            show(*told)
    text = out.getvalue()
    assert (
        "point 2 of 2" in text
        if terminal
        else text.splitlines()[0] == "point 1 of 2" and len(text.splitlines()) == 2
    )
