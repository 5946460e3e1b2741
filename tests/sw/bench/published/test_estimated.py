"""Estimated rows: the cycle model's cycles and the cost model's resources, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from spikeloom import accelerator
from spikeloom.bench.published import estimated
from spikeloom.bench.published.counting import Answers
from spikeloom.bench.published.rows import find
from spikeloom.bench.published.run import Options
from spikeloom.cli import main
from spikeloom.errors import SpikeLoomError
from spikeloom.ir import golden
from spikeloom.mapping import cycle_model
from spikeloom.mapping.cycle_model.timing import BACK_TO_BACK
from spikeloom.mapping.search.budget import total
from spikeloom.progress import silent

from tests.networks import random_plan, random_words

BENCH = find("digits-cnn")


@pytest.fixture
def made(monkeypatch, tmp_path):
    """A random network in the place of every row's; its answers are those of the golden model."""
    plan = random_plan(7)
    words = random_words(np.random.default_rng(7), plan.graph, 12)

    class Made(accelerator.Accelerator):
        def words(self, x):
            return words[: len(x)]

    def compiled(bench, folder, data_dir, progress):
        if bench.name == "tfc-w2t2":
            raise SpikeLoomError("no room")
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "test_x.npy", np.zeros(12))
        return Made(folder, plan)

    monkeypatch.setattr(estimated, "compiled", compiled)
    monkeypatch.setattr(
        estimated, "evaluate", lambda made, progress: Answers(9, 12, 12, 0.5, 0.9, 0.25)
    )
    return plan, words


def test_figures_are_the_models(made, tmp_path: Path) -> None:
    plan, words = made
    one = estimated.estimate(
        BENCH, estimated.compiled(BENCH, tmp_path / "net", None, silent), silent
    )
    intervals = cycle_model.simulate(plan, words, BACK_TO_BACK).intervals[1:]
    assert (one.modelled, one.interval, one.interval_p99) == (12, intervals.mean(), intervals.max())
    cost = total(plan)
    assert (one.lut, one.ff, one.bram36, one.dsp, one.uram) == (
        cost.lut,
        cost.ff,
        cost.bram18 / 2,
        cost.dsp,
        cost.uram,
    )
    assert 0 < one.fps <= 1e8 / one.interval
    used = sum(work.synaptic.mean() for work in estimated_works(plan, words))
    assert one.lut_per_useful == cost.lut * one.interval / used


def estimated_works(plan, words):
    trace = golden.trace(plan.graph, words)
    return [
        cycle_model.scan.Work(stage, trace[stage.layer.source])
        for stage in plan.stages
        if stage.folding.body != "parallel"
    ]


def test_what_is_written(made, tmp_path: Path, capsys) -> None:
    assert (
        main.run(
            ["bench", "tfc-w2t2", "digits-cnn", "--estimate", "-o", str(tmp_path), "--images", "8"]
        )
        == 0
    )
    shown = capsys.readouterr().out
    assert (
        "warning: tfc-w2t2: no room" in shown
        and "# Estimated, not simulated, not synthesised" in shown
    )
    (row,) = json.loads((tmp_path / "estimate.json").read_text())["rows"]
    assert row["name"] == "digits-cnn" and row["modelled"] == 12
    assert (tmp_path / "estimate.md").read_text() in shown and not (
        tmp_path / "bench.json"
    ).exists()


def test_nothing_comes_to_an_end(made, tmp_path: Path) -> None:
    with pytest.raises(SpikeLoomError, match="no row came to an end; the first: tfc-w2t2: no room"):
        estimated.run(
            [find("tfc-w2t2")], tmp_path, Options(), progress=silent, shown=lambda line: None
        )


@pytest.mark.parametrize("with_it", [["--sparse"], ["--parallel"], ["twins"]])
def test_what_it_cannot_be_with(with_it: list[str], tmp_path: Path, capsys) -> None:
    assert main.run(["bench", "--estimate", "-o", str(tmp_path), *with_it]) == 2
    assert "--estimate makes no twins and no baselines" in capsys.readouterr().err
