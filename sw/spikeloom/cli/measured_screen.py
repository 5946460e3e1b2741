"""The one screen that a measurement ends with; tables of figures on a screen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spikeloom import display as shown
from spikeloom.driver.measurement import Measurement, tables


def drawn(table: shown.Table) -> Table:
    """Texts left, numbers right; a long last cell is folded."""
    made = Table(header_style="dim", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for k, head in enumerate(table.heads):
        last = k == len(table.heads) - 1
        text = k == 0 or (last and any(" " in row[k] for row in table.rows))
        made.add_column(
            head, justify="left" if text else "right", no_wrap=not last, overflow="fold"
        )
    for row in table.rows:
        made.add_row(*(escape(cell) for cell in row))
    return made


def show(console: Console, found: Iterable[shown.Table]) -> None:
    """Tables under their titles, and an empty line."""
    for table in found:
        console.print()
        console.print(table.title, style="bold", markup=False, highlight=False)
        console.print(drawn(table))
    console.print()


def closing(console: Console, measurement: Measurement, page: Path) -> None:
    """All tables, and where the page is."""
    show(console, tables(measurement))
    if measurement.source == "simulated":
        console.print(
            "Counted in the Verilated RTL; times assume the clock, which no board has confirmed.",
            style="dim",
        )
    console.print(f"{page}", markup=False, highlight=False, soft_wrap=True)
