"""How numbers and tables look, the same on a screen, in a notebook, on a page and in Markdown."""

from __future__ import annotations

import pytest
from spikeloom.display import (
    Table,
    between,
    count,
    duration,
    microseconds,
    nanoseconds,
    percent,
    percents,
    rate,
    ratio,
    scaled,
    shortened,
    signed,
)

TABLE = Table(
    "layers",
    ("layer", "kind", "cycles", "busy", "spikes"),
    (
        ("conv1", "conv 3×3", "12,345", "45.3 %", "–"),
        ("<b>|", "linear", "7", "100.0 %", "12 ±2"),
    ),
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (count(49574), "49,574"),
        (count(12.5), "12.5"),
        (count(12.0), "12"),
        (count(1466.4), "1,466"),
        (count(None), "–"),
        (signed(-1234), "-1,234"),
        (signed(2.5), "+2.5"),
        (rate(4_059_041.2), "4,060,000"),
        (rate(1234), "1,230"),
        (rate(24.56), "24.6"),
        (rate(0.4), "0.4"),
        (rate(None), "–"),
        (percent(0.4534), "45.3 %"),
        (percent(0.95025, 2), "95.03 %"),
        (percent(None), "–"),
        (percents((0.754, 0.8, 1.0)), "75 80 100"),
        (between(0.8324, 0.948), "83.2 % to 94.8 %"),
        (ratio(1.25), "1.25"),
        (ratio(None), "–"),
        (microseconds(4090, 100), "40.90 µs"),
        (nanoseconds(5.613), "5.61 ns"),
        (scaled(999, "B"), "999 B"),
        (scaled(12_345_678, "B"), "12 MB"),
        (scaled(123_456, " cycles"), "123 k cycles"),
        (duration(0.21), "0.2 s"),
        (duration(30), "30 s"),
        (duration(99.4), "99 s"),
        (duration(99.6), "2 min"),
        (duration(7140), "119 min"),
        (duration(12_000), "3 h 20 min"),
    ],
)
def test_numbers(text: str, wanted: str) -> None:
    assert text == wanted


def test_long_names_keep_both_ends() -> None:
    assert shortened("abcdefgh", 8) == "abcdefgh"
    assert shortened("abcdefghi", 8) == "abcd…ghi" and shortened("abcdefghi", 7) == "abc…ghi"


def test_columns_of_numbers_are_known() -> None:
    assert TABLE.numeric == (False, False, True, True, True)
    assert Table("", ("7", "a"), (("1", "2 of 3"),)).numeric == (False, False)


def test_one_table_three_ways() -> None:
    assert repr(TABLE).splitlines() == [
        "layers",
        "layer  kind      cycles     busy  spikes",
        "conv1  conv 3×3  12,345   45.3 %       –",
        "<b>|   linear         7  100.0 %   12 ±2",
    ]
    assert TABLE.markdown().splitlines() == [
        "| layer | kind | cycles | busy | spikes |",
        "| --- | --- | ---: | ---: | ---: |",
        "| conv1 | conv 3×3 | 12,345 | 45.3 % | – |",
        "| <b>\\| | linear | 7 | 100.0 % | 12 ±2 |",
    ]
    html = TABLE.html()
    assert '<td class="text">&lt;b&gt;|</td><td class="text">linear</td><td>7</td>' in html
    assert TABLE._repr_html_() == html.replace("<table>", "<table><caption>layers</caption>")


def test_heads_that_say_nothing_are_left_out() -> None:
    table = Table("t", ("", ""), (("  part", "3"),))
    assert repr(table) == "t\n  part  3" and "<thead>" not in table.html()
    assert "\u2003part" in table.html()
