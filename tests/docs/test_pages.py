"""How the documentation is written: short paragraphs, lines that fit, links that lead somewhere."""

from __future__ import annotations

import re

from tests.docs.pages import DOCS, ITEM, LINK, PAGES, ROOT, Page

LANGUAGES = {"sh", "python", "text", "json"}
KINDS = ("tutorials", "how-to", "reference", "explanation")


def test_no_paragraph_has_over_120_words() -> None:
    assert not [
        f"{page}:{line}: {len(text.split())} words"
        for page in PAGES
        for line, text in page.paragraphs
        if len(text.split()) > 120
    ]


def test_no_line_but_of_a_table_or_a_link_is_over_100_columns() -> None:
    assert not [
        f"{page}:{number}: {len(line)} columns"
        for page in PAGES
        for number, line in enumerate(page.text.split("\n"), 1)
        if len(line) > 100 and not line.startswith("|") and not LINK.fullmatch(line)
    ]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_code_is_fenced_and_says_its_language() -> None:
    """Indented code would be neither checked nor run."""
    wrong = [
        f"{page}:{block.line}: {block.language or 'no language'}"
        for page in PAGES
        for block in page.blocks
        if block.language not in LANGUAGES
    ]
    wrong += [
        f"{page}:{number}: {line}"
        for page in PAGES
        for number, line in enumerate(page.prose, 1)
        if "```" in line or (line.startswith("    ") and not page.prose[number - 2].strip())
    ]
    assert not wrong


def test_a_list_follows_an_empty_line() -> None:
    """Or mkdocs takes it for a part of the paragraph."""
    assert not [
        f"{page}:{number}: {line}"
        for page in PAGES
        for number, (before, line) in enumerate(zip(page.prose, page.prose[1:], strict=False), 2)
        if ITEM.match(line)
        and before.strip()
        and not ITEM.match(before)
        and not before.startswith("  ")
    ]


def test_links_and_anchors_lead_somewhere() -> None:
    known = {page.path: page for page in PAGES}
    others = (Page(ROOT / name / "README.md") for name in ("bitstreams", "hls_templates"))
    broken = []
    for page in (*PAGES, *others):
        for target in page.links:
            name, _, anchor = target.partition("#")
            path = (page.path.parent / name).resolve() if name else page.path
            if not path.exists():
                broken.append(f"{page}: {target}: no such file")
            elif anchor and (path not in known or anchor not in known[path].anchors):
                broken.append(f"{page}: {target}: no such heading")
    assert not broken


def test_pages_of_the_documentation_link_only_inside() -> None:
    """The built site has nothing else."""
    assert not [
        f"{page}: {target}"
        for page in PAGES[1:]
        for target in page.links
        if not (page.path.parent / target.partition("#")[0]).resolve().is_relative_to(DOCS)
    ]


def test_every_page_is_in_the_index_once_and_in_the_menu() -> None:
    menu = re.findall(r": (\S+\.(?:md|ipynb))$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.M)
    index = [target for target in Page(DOCS / "index.md").links if not target.startswith("images")]
    start = "tutorials/getting-started.md"
    index.remove(start)  # named at the top as well
    pages = sorted(
        path.relative_to(DOCS).as_posix()
        for path in DOCS.rglob("*")
        if path.suffix in (".md", ".ipynb") and path.name != "index.md"
    )
    assert sorted(index) == pages
    assert sorted(menu) == sorted([*pages, "index.md"])
    assert {page.partition("/")[0] for page in pages} == {*KINDS, "extending.md"}


def test_reference_pages_open_with_an_example_and_its_output() -> None:
    late = []
    for page in PAGES:
        if page.path.parent.name == "reference":
            first = [block.language for block in page.blocks[:2]]
            before = page.text.partition("```")[0]
            if first not in (["sh", "text"], ["python", "text"]) or "\n## " in before:
                late.append(str(page))
    assert not late


def test_pages_named_in_the_tree_are_there() -> None:
    """In code, messages and tests. What is copied into an emitted folder as it stands is left out:
    its text is part of what is emitted.
    """
    missing = []
    for house in ("sw", "hw", "sim", "bitstreams", "tests", "hls_templates"):
        for path in sorted((ROOT / house).rglob("*")):
            if path.suffix not in (".py", ".md", ".toml", ".hpp", ".tcl"):
                continue
            for name in re.findall(r"docs/[a-z/-]+\.md", path.read_text(encoding="utf-8")):
                if name != "docs/x.md" and not (ROOT / name).exists():
                    missing.append(f"{path.relative_to(ROOT)}: {name}")
    assert not missing
