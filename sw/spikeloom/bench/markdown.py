"""A page of results in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spikeloom.display import Table


def page(title: str, *parts: str) -> str:
    """The text of a file: a title, and what stands below it; empty parts are left out."""
    return "\n\n".join([f"# {title}", *filter(None, parts)]) + "\n"


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table without a title."""
    return Table("", tuple(heads), tuple(tuple(row) for row in rows)).markdown()


def section(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], how: Mapping[str, str]
) -> str:
    """A table under its own title; nothing without rows."""
    if not rows:
        return ""
    parts = [f"## {title}", grid(heads, rows), how_line(how) if how else ""]
    return "\n\n".join(filter(None, parts))


def how_line(how: Mapping[str, str]) -> str:
    """How the numbers came about, in one line."""
    return "How: " + "; ".join(f"{what}: {text}" for what, text in how.items()) + "."
