"""Rows, their twins and baselines: made when wanted, kept when finished, made again when anything
else changed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from spikeloom import accelerator
from spikeloom.bench.published import run as running
from spikeloom.bench.published.parallel import Parallel
from spikeloom.bench.published.row import RESULTS
from spikeloom.bench.published.rows import find
from spikeloom.bench.published.run import Options, run
from spikeloom.bench.published.sparse import Sparse
from spikeloom.errors import SpikeLoomError
from spikeloom.progress import silent

from tests.networks import random_plan
from tests.sw.bench.published.test_tables import PARALLEL, RESULT, SPARSE

ROWS = (find("tfc-w2t2"), find("digits-cnn"))


class Made:
    """Stands for everything that takes long; counts what is made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.plan, self.made, self.broken = random_plan(3), [], set()
        monkeypatch.setattr(running, "compiled", self.compiled)
        monkeypatch.setattr(running, "measure", self.measure)
        self.made_with, self.top = "Yosys 0", {}
        monkeypatch.setattr(
            accelerator.Accelerator,
            "top_sha256",
            lambda made, progress: self.top.get(made.folder.name, "0"),
        )
        monkeypatch.setattr(
            accelerator.Accelerator, "load", classmethod(lambda cls, folder: cls(folder, self.plan))
        )
        monkeypatch.setattr(running.measuring, "made_with", lambda: self.made_with)
        monkeypatch.setattr(running.sparse, "make", self.sparse)
        monkeypatch.setattr(running.parallel, "make", self.parallel)

    def note(self, what: str) -> None:
        if what in self.broken:
            raise SpikeLoomError(f"{what} is broken")
        self.made.append(what)

    def compiled(self, bench, folder, data_dir, progress) -> accelerator.Accelerator:
        if f"compile {bench.name}" in self.broken:
            raise SpikeLoomError("no room")
        return accelerator.Accelerator(folder, self.plan)

    def measure(self, bench, made, images, progress):
        self.note(f"row {bench.name}")
        return replace(
            RESULT,
            name=bench.name,
            simulated=images,
            made_with=self.made_with,
            top_sha256=self.top.get(bench.name, "0"),
        )

    def sparse(self, bench, made, row, folder, images, data_dir, progress) -> Sparse:
        self.note(f"sparse {folder.name}")
        return replace(SPARSE, name=row.name)

    def parallel(self, made, row, folder, images, progress) -> Parallel:
        self.note(f"parallel {folder.name}")
        return replace(PARALLEL, name=row.name)


@pytest.fixture
def made(monkeypatch):
    return Made(monkeypatch)


def go(folder: Path, rows=ROWS, **options):
    said: list[str] = []
    return run(rows, folder, Options(**options), progress=silent, shown=said.append), said


def test_only_what_is_wanted(made, tmp_path):
    rows, said = go(tmp_path)
    assert made.made == ["row tfc-w2t2", "row digits-cnn"] and not said
    assert [(row.sparse, row.parallel) for row in rows] == [(None, None)] * 2


def test_the_others_come_beside_and_stay(made, tmp_path):
    rows, _ = go(tmp_path, ROWS[:1], sparse=True, parallel=True)
    assert made.made == ["row tfc-w2t2", "sparse tfc-w2t2-sparse", "parallel tfc-w2t2-parallel"]
    made.made.clear()
    for options in ({"sparse": True, "parallel": True}, {}):
        again, _ = go(tmp_path, ROWS[:1], **options)
        assert again == rows and not made.made
    data = json.loads((tmp_path / "bench.json").read_text())["rows"][0]
    assert (
        data["sparse"]["tries"][0]["spike_penalty"] == 1.0
        and data["parallel"]["lut"] == PARALLEL.lut
    )
    text = (tmp_path / "bench.md").read_text()
    assert "## With a spike penalty" in text and "## Against bit-parallel multipliers" in text


def test_anew_makes_again_what_is_asked_for(made, tmp_path):
    go(tmp_path, ROWS[:1], sparse=True, parallel=True)
    made.made.clear()
    rows, _ = go(tmp_path, ROWS[:1], anew=True, parallel=True)
    assert (
        made.made == ["row tfc-w2t2", "parallel tfc-w2t2-parallel"] and rows[0].sparse is not None
    )


def test_rows_stand_beside_each_other(made, tmp_path):
    """Made by themselves, in whatever order; those of another Yosys, or of Verilog that is emitted
    no more, are not among them.
    """
    go(tmp_path, ROWS[1:])
    assert [row.result.name for row in go(tmp_path, ROWS[:1])[0]] == ["tfc-w2t2", "digits-cnn"]
    made.made.clear()
    made.top = {"tfc-w2t2": "1"}
    assert [row.result.name for row in go(tmp_path, ROWS[1:])[0]] == [
        "digits-cnn"
    ] and not made.made
    made.top, made.made_with = {}, "Yosys 1"
    assert [row.result.name for row in go(tmp_path, ROWS[1:])[0]] == [
        "digits-cnn"
    ] and made.made == ["row digits-cnn"]
    assert [row["name"] for row in json.loads((tmp_path / "bench.json").read_text())["rows"]] == [
        "digits-cnn"
    ]


def test_a_row_that_fails_now_is_not_shown_as_it_was(made, tmp_path):
    go(tmp_path)
    made.broken = {"row tfc-w2t2"}
    rows, said = go(tmp_path, anew=True)
    assert said == ["tfc-w2t2: row tfc-w2t2 is broken"] and [row.result.name for row in rows] == [
        "digits-cnn"
    ]
    assert len(json.loads((tmp_path / "bench.json").read_text())["rows"]) == 1


def test_what_another_process_wrote_meanwhile_stays(made, tmp_path, monkeypatch):
    def measure(bench, made_, images, progress):
        other = running._RowMaker(find("cnv-w2t2"), tmp_path, Options(), silent, None)
        accelerator = made.compiled(other.bench, tmp_path / "cnv-w2t2", None, silent)
        found = replace(RESULT, name="cnv-w2t2", simulated=Options().images)
        RESULTS.save(accelerator.folder, other.key(accelerator), found)
        return replace(RESULT, name=bench.name, made_with=made.made_with)

    monkeypatch.setattr(running, "measure", measure)
    assert [row.result.name for row in go(tmp_path, ROWS[:1])[0]] == ["tfc-w2t2", "cnv-w2t2"]


def test_without_yosys_nothing_is_begun(made, tmp_path, monkeypatch):
    def missing() -> str:
        raise SpikeLoomError("Yosys is not installed")

    monkeypatch.setattr(running.measuring, "made_with", missing)
    with pytest.raises(SpikeLoomError, match="Yosys is not installed"):
        go(tmp_path)
    assert not made.made


def test_another_plan_is_made_again(made, tmp_path):
    go(tmp_path, ROWS[:1], sparse=True)
    made.made.clear()
    made.plan = random_plan(4)
    rows, _ = go(tmp_path, ROWS[:1])
    assert made.made == ["row tfc-w2t2"] and rows[0].sparse is None


@pytest.mark.parametrize(
    "change", [{"images": 25}, {"rows": (replace(ROWS[0], spike_penalty=0.3),)}]
)
def test_other_settings_are_noticed(made, tmp_path, change):
    go(tmp_path, ROWS[:1], sparse=True)
    made.made.clear()
    go(tmp_path, **({"rows": ROWS[:1], "sparse": True} | change))
    assert made.made[-1] == "sparse tfc-w2t2-sparse"


def test_another_size_is_another_baseline(made, tmp_path, monkeypatch):
    go(tmp_path, ROWS[:1], parallel=True)
    made.made.clear()
    monkeypatch.setattr(
        running,
        "measure",
        lambda bench, *given: replace(RESULT, name=bench.name, lut=RESULT.lut + 1),
    )
    go(tmp_path, ROWS[:1], anew=True)
    go(tmp_path, ROWS[:1], parallel=True)
    assert made.made == ["parallel tfc-w2t2-parallel"]


def test_a_part_that_fails_is_told_and_the_row_stays(made, tmp_path):
    made.broken = {"sparse tfc-w2t2-sparse", "compile digits-cnn"}
    rows, said = go(tmp_path, sparse=True, parallel=True)
    assert said == ["tfc-w2t2-sparse: sparse tfc-w2t2-sparse is broken", "digits-cnn: no room"]
    assert len(rows) == 1 and rows[0].sparse is None and rows[0].parallel is not None


def test_without_any_row(made, tmp_path):
    made.broken = {f"compile {bench.name}" for bench in ROWS}
    with pytest.raises(SpikeLoomError, match="no row came to an end; the first: tfc-w2t2: no room"):
        go(tmp_path)
