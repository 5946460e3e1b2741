"""How things look on a screen, in a notebook, on a page and in Markdown: tables, and numbers.

A number looks the same wherever it stands: ``12,345`` cycles, ``45.3 %``, ``40.90 µs``, ``24,400``
frames per second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

NO_NUMBER = "–"
"""Stands where there is no number."""

NUMBER = re.compile(r"[+-]?[\d.,]+( ?(%|[A-Za-zµ]+))?( ±[\d.,]+)?|–|")
"""A cell that is a number, with its unit and deviation, or that is empty."""


def count(number: float | None) -> str:
    """``12,345``, and ``12.5`` below a thousand where it is not whole; cycles, spikes, bytes."""
    if number is None:
        return NO_NUMBER
    whole = abs(number) >= 1000 or number == int(number)
    return f"{number:,.0f}" if whole else f"{number:,.1f}"


def rate(per_second: float | None) -> str:
    """``24,400``: three digits. It follows from a mean and a clock; more would tell nothing."""
    return NO_NUMBER if per_second is None else count(float(f"{per_second:.3g}"))


def percent(share: float | None, digits: int = 1) -> str:
    """``45.3 %`` of a share from 0 to 1; accuracies have two digits."""
    return NO_NUMBER if share is None else f"{100 * share:.{digits}f} %"


def percents(shares: Iterable[float]) -> str:
    """``75 80 93``: several shares in whole percent, such as one for each plane."""
    return " ".join(f"{100 * share:.0f}" for share in shares)


def between(low: float, high: float) -> str:
    """``83.2 % to 94.8 %``: the ends of an interval of shares."""
    return f"{percent(low)} to {percent(high)}"


def signed(number: float) -> str:
    """``+1,234``: a change of a count."""
    return f"{'+' if number >= 0 else '-'}{count(abs(number))}"


def ratio(number: float | None) -> str:
    """``1.25``: how many times as much."""
    return NO_NUMBER if number is None else f"{number:.2f}"


def microseconds(cycles: float, clock_mhz: float) -> str:
    """``40.90 µs``: how long cycles take."""
    return f"{cycles / clock_mhz:,.2f} µs"


def nanoseconds(ns: float) -> str:
    """``5.61 ns``."""
    return f"{ns:.2f} ns"


def scaled(number: float, unit: str) -> str:
    """``12 kB``: a large number in thousands or millions of its unit."""
    for factor, letter in ((1e6, "M"), (1e3, "k")):
        if number >= 10 * factor:
            return f"{count(round(number / factor))} {letter}{unit}"
    return f"{count(round(number))} {unit.strip()}"


def duration(seconds: float) -> str:
    """``4.2 s``, ``40 s``, ``12 min``, ``3 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 99.5:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def shortened(name: str, most: int) -> str:
    """The name, or its beginning and its end: names often differ in one of them."""
    if len(name) <= most:
        return name
    return f"{name[: most // 2]}…{name[len(name) - (most - 1) // 2 :]}"


@dataclass(frozen=True)
class Table:
    """Rows of text under a title: what is in a table, for every way to show it.

    Columns of numbers stand right, all others left; the first column holds names.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers alone."""
        return tuple(
            k > 0 and all(NUMBER.fullmatch(row[k]) for row in self.rows)
            for k in range(len(self.heads))
        )

    def __repr__(self) -> str:
        lines = [self.heads, *self.rows] if any(self.heads) else self.rows
        widths = [max(len(line[k]) for line in lines) for k in range(len(self.heads))]
        columns = list(zip(widths, self.numeric, strict=True))
        return "\n".join(
            [
                self.title,
                *(
                    "  ".join(
                        cell.rjust(width) if right else cell.ljust(width)
                        for cell, (width, right) in zip(line, columns, strict=True)
                    ).rstrip()
                    for line in lines
                ),
            ]
        )

    def html(self) -> str:
        """The element ``<table>`` without the title; columns that are no numbers have the class
        ``text``.
        """

        def line(cells: tuple[str, ...], tag: str) -> str:
            return "".join(
                f"<{tag}>{text}</{tag}>" if right else f'<{tag} class="text">{text}</{tag}>'
                for text, right in zip(map(indented, cells), self.numeric, strict=True)
            )

        head = f"<thead><tr>{line(self.heads, 'th')}</tr></thead>" if any(self.heads) else ""
        body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in self.rows)
        return f"<table>{head}<tbody>{body}</tbody></table>"

    def _repr_html_(self) -> str:
        caption = f"<caption>{escape(self.title)}</caption>"
        return self.html().replace("<table>", f"<table>{caption}", 1)

    def markdown(self) -> str:
        """Lines of Markdown without the title."""
        marks = tuple("---:" if right else "---" for right in self.numeric)
        rows = (tuple(cell.replace("|", "\\|") for cell in row) for row in self.rows)
        return "\n".join(f"| {' | '.join(line)} |" for line in (self.heads, marks, *rows))


def indented(cell: str) -> str:
    """Text in HTML, with the spaces that it begins with."""
    text = escape(cell)
    return text.replace("  ", "\u2003") if text.startswith("  ") else text


@dataclass(frozen=True)
class Page:
    """An HTML file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        text = escape(self.path.read_text(encoding="utf-8"), quote=True)
        return (
            f'<iframe srcdoc="{text}" sandbox width="100%" height="700" style="border: 1px solid'
            ' #ddd"></iframe>'
        )
