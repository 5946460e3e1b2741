"""Means, deviations and the front over points of several seeds; the tables and the picture of
them.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from spikeloom.bench.statistics import wilson
from spikeloom.bench.sweep import picture, tables
from spikeloom.bench.sweep.jobs import Job
from spikeloom.bench.sweep.summary import Run, rows
from spikeloom.train.zoo import find

from tests.sw.bench.sweep.small import made_up


def runs(folder: Path) -> list[Run]:
    """Three points with two, one and no seed that came to an end."""
    job = Job(find("digits-mlp"), 0.0, "2", "2", 0, folder / "points" / "a", "")
    other, bad = replace(job, steps="4"), replace(job, steps="8")
    return [
        Run(job, made_up(right=90, spikes=10.0, lut=500)),
        Run(other, made_up(right=93, spikes=20.0, lut=480, s_ace=80)),
        Run(replace(job, seed=1), made_up(right=91, spikes=13.0, lut=500)),
        Run(bad, None, "no room"),
    ]


def test_by_hand(tmp_path: Path) -> None:
    first, second, third = rows(runs(tmp_path))
    assert (first.mean("right"), first.mean("accuracy"), first.mean("spikes")) == (
        90.5,
        0.905,
        11.5,
    )
    assert first.deviation("spikes") == pytest.approx(4.5**0.5)
    assert first.interval == wilson(90.5, 100)
    fewer = rows(
        [
            replace(run, figures=replace(run.figures, effective=50.0))
            for run in runs(tmp_path)
            if run.figures
        ]
    )[0]
    assert fewer.interval == wilson(45.25, 50)
    assert second.deviation("spikes") is None
    assert [row.front for row in (first, second, third)] == [True, True, False]
    assert third.notes == ("no room",) and not third.figures


@pytest.mark.parametrize(
    ("name", "value"),
    [("lut", 501), ("spikes", 20.1), ("s_ace", 81), ("cycles", 1.5), ("right", 89)],
)
def test_every_cost_counts(tmp_path: Path, name: str, value: float) -> None:
    """Worse in one thing and equal in all others is off the front; better in that one is on it."""
    job = runs(tmp_path)[0].job
    base = made_up(right=90, spikes=20, lut=500, s_ace=80, cycles=1)
    made = rows([Run(job, base), Run(replace(job, steps="3"), replace(base, **{name: value}))])
    assert [row.front for row in made] == [True, False]


def test_csv(tmp_path: Path) -> None:
    made = runs(tmp_path)
    tables.write(tmp_path, rows(made), made)
    with (tmp_path / "sweep.csv").open(newline="") as stream:
        first, second, third = csv.DictReader(stream)
    assert (first["accuracy"], first["spikes"], first["spikes_deviation"], first["seeds"]) == (
        "0.905",
        "11.5",
        "2.12132",
        "2",
    )
    assert (second["spikes_deviation"], third["accuracy"], third["note"]) == ("", "", "no room")
    with (tmp_path / "runs.csv").open(newline="") as stream:
        assert [line["folder"] for line in csv.DictReader(stream)] == ["points/a"] * 4
    assert tables.number(123456789.25) == "123456789" and tables.number(0.1) == "0.1"


def test_table(tmp_path: Path) -> None:
    text = repr(tables.table("t", rows(runs(tmp_path))))
    assert (
        "90.50 % ±0.71 % (83.2 % to 94.8 %)" in text
        and "11.5 ±2.1" in text
        and text.count("*") == 2
    )


def test_picture_is_the_same_again_and_runs_no_markup(tmp_path: Path) -> None:
    made = rows(runs(tmp_path))
    for folder in ("a", "b"):
        picture.write(tmp_path / folder, "<script> $x_{", made)
    for name in ("sweep.svg", "sweep.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert "<script" not in (tmp_path / "a" / "sweep.svg").read_text()
    assert (tmp_path / "a" / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_picture_shows_points_where_they_are(tmp_path: Path) -> None:
    figure = picture.draw("t", [row for row in rows(runs(tmp_path)) if row.figures])
    assert len(figure.axes) == 4
    seen = [
        sorted(map(tuple, part.get_offsets().tolist()))
        for part in figure.axes[1].collections
        if len(part.get_paths()) == 1
    ]
    assert [(11.5, 90.5), (20.0, 93.0)] in seen
