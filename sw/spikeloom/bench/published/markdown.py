"""Tables and numbers in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def three(number: float) -> str:
    """Three digits: no sample tells more."""
    return f"{float(f'{number:.3g}'):,.0f}"


def tenth(number: float | None) -> str:
    """One digit behind the point; a dash for None."""
    return "–" if number is None else f"{number:.1f}"


def said(how: Mapping[str, str]) -> str:
    """How the numbers came about, in one line."""
    return "How: " + "; ".join(f"{what}: {text}" for what, text in how.items()) + "."


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(line)} |" for line in (heads, ["---"] * len(heads), *rows)]
