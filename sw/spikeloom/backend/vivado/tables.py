"""The text of Vivado's reports: its head, and tables drawn with ``+``, ``-`` and ``|``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spikeloom.backend.bitstream import parse_numbers
from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing

Row = dict[str, str]


@dataclass(frozen=True)
class Report:
    """A report that Vivado wrote.

    Attributes
    ----------
    path: its file. text: all of it.
    """

    path: Path
    text: str

    def missing(self, what: str) -> SpikeLoomError:
        """The error that something expected is not in it."""
        return SpikeLoomError(
            f"{self.path}: expected {what}, found none; it is no report of Vivado 2022.2 to 2025.2,"
            " or was cut short"
        )

    @property
    def tool(self) -> str:
        """The tool as it names itself, e.g. ``Vivado v.2022.2``. Raises SpikeLoomError where the
        report does not say it.
        """
        found = re.search(
            r"^\| Tool Version\s*:\s*(Vivado v\.[!-~]{1,40})", self.text, re.MULTILINE
        )
        if found is None:
            raise self.missing("the version of Vivado in its head")
        return found[1]

    def table(self, *columns: str) -> list[Row]:
        """The rows of all tables that have these columns; a first cell keeps the spaces that indent
        it.
        """
        rows = [row for row in rows_of(self.text) if set(columns) <= set(row)]
        if not rows:
            raise self.missing(f"a table with columns {', '.join(columns)}")
        return rows

    def wrong(self, what: str, found: object) -> SpikeLoomError:
        """The error that something stands there, but not what can be."""
        return SpikeLoomError(
            f"{self.path}: expected {what}, found {parse_numbers.shown(found)}; look at the report"
        )

    def number(self, text: str | None, what: str) -> float:
        """A finite number. Raises SpikeLoomError naming ``what`` for anything else."""
        words = (text or "").replace("<", "").split()
        value = parse_numbers.number(words[0]) if words else None
        if value is None or not abs(value) < 1e9:
            raise self.wrong(f"a number for {what}", text)
        return value

    def amount(self, text: str | None, what: str) -> float:
        """A number that is not below zero. Raises SpikeLoomError naming ``what`` for anything
        else.
        """
        value = self.number(text, what)
        if value < 0:
            raise self.wrong(f"a number from zero on for {what}", text)
        return value

    def count(self, text: str | None, what: str) -> int:
        """A whole number that is not below zero. Raises SpikeLoomError naming ``what`` for anything
        else.
        """
        value = self.amount(text, what)
        if value != int(value):
            raise self.wrong(f"a whole number for {what}", text)
        return int(value)


def read(path: Path) -> Report:
    """A report. Raises SpikeLoomError where there is none."""
    return Report(
        path, existing(path, "a report of Vivado").read_text(encoding="utf-8", errors="replace")
    )


def cells(line: str) -> list[str]:
    """What stands between the bars of a line; one space on each side belongs to the drawing."""
    return [cell[1:].rstrip() for cell in line.rstrip()[1:-1].split("|")]


def rows_of(text: str) -> Iterator[Row]:
    """Rows of all tables that have a head, by the names of their columns."""
    head: list[str] = []
    borders = 0
    for line in text.splitlines():
        if re.fullmatch(r"\+[-+]+\+\s*", line):
            borders += 1
        elif borders and re.fullmatch(r"\|.*\|\s*", line):
            found = cells(line)
            if borders == 1:
                head = [name.strip() for name in found]
            elif borders == 2 and len(found) == len(head):
                yield dict(zip(head, found, strict=True))
        else:
            borders = 0


def pairs_of(text: str) -> Iterator[tuple[str, str]]:
    """Rows of tables with two columns and no head."""
    for line in text.splitlines():
        if re.fullmatch(r"\|[^|]+\|[^|]+\|\s*", line):
            name, value = cells(line)
            yield name.strip(), value.strip()
