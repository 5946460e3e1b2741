"""The pages of the documentation, taken apart: blocks of code, paragraphs, headings, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
ITEM = re.compile(r" *([*-]|\d+\.) ")


@dataclass(frozen=True)
class Block:
    """Code of a page. line: where it begins, the fence not counted."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """One Markdown file; README.md is one as well."""

    path: Path

    def __str__(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Fenced code, from top to bottom."""
        return tuple(
            Block(found[1], found[2], self.text.count("\n", 0, found.start(2)) + 1)
            for found in FENCE.finditer(self.text)
        )

    @cached_property
    def prose(self) -> list[str]:
        """Lines of the page, those of code and of fences empty."""
        blank = FENCE.sub(lambda found: "\n" * found[0].count("\n"), self.text)
        return blank.split("\n")

    @cached_property
    def paragraphs(self) -> list[tuple[int, str]]:
        """Paragraphs, list items and table cells, each with the number of its first line."""
        found: list[tuple[int, str]] = []
        open_ = False
        for number, line in enumerate(self.prose, 1):
            if line.startswith("|"):
                found += [(number, cell.strip()) for cell in re.split(r"(?<!\\)\|", line)]
                open_ = False
            elif not line.strip() or line.startswith(("#", "<!--")):
                open_ = False
            elif open_ and not ITEM.match(line):
                found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
            else:
                found.append((number, line.strip()))
                open_ = True
        return found

    @cached_property
    def anchors(self) -> set[str]:
        """What a ``#`` behind a link to this page may name."""
        headings = HEADING.findall("\n".join(self.prose))
        return {
            re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).strip().replace(" ", "-")
            for heading in headings
        }

    @cached_property
    def links(self) -> list[str]:
        """Targets of links and pictures that are not on the web."""
        found = LINK.findall(re.sub(r"`[^`]*`", "", "\n".join(self.prose)))
        return [target for target in found if not target.startswith(("http", "mailto"))]


PAGES = (Page(ROOT / "README.md"), *(Page(path) for path in sorted(DOCS.rglob("*.md"))))
