"""The twin with a spike penalty: which penalties are tried, which twin is kept, and that it has the
folding of the row.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest
from spikeloom import Accelerator, compile
from spikeloom.bench.published import sparse, training
from spikeloom.bench.published.counting import Answers, Speed
from spikeloom.bench.published.rows import find
from spikeloom.bench.published.sparse import Sparse, Try
from spikeloom.mapping.search.overrides import first_foldings, read_overrides
from spikeloom.progress import silent
from spikeloom.train.loop import train
from spikeloom.train.zoo import find as find_recipe

from tests.sw.bench.published.test_tables import RESULT

BENCH = replace(find("digits-cnn"), spike_penalty=0.8)
ROW = replace(
    RESULT,
    name="digits-cnn",
    right=3800,
    images=4000,
    port_fps=1e6,
    clock_mhz=100,
    interval=800.0,
    fps=125_000.0,
)


def made_of(monkeypatch, tmp_path, right):
    """Run with made-up accuracies; the penalties and folders asked for."""
    asked = []

    def folded(bench, made, folder, penalty, data_dir, progress):
        asked.append((folder.name, penalty))
        np.save(tmp_path / "test_x.npy", np.zeros((30, 1)))
        return Accelerator(tmp_path, None)

    answers = iter(right)
    monkeypatch.setattr(sparse, "compile_on_folding", folded)
    monkeypatch.setattr(
        sparse,
        "evaluate",
        lambda made, progress: Answers(next(answers), 4000, 364, 0.9, 0.96, 0.11),
    )
    monkeypatch.setattr(
        sparse,
        "speed",
        lambda made, x, images, progress: Speed(images, 900, {}, np.full(len(x) - 2, 400.0)),
    )
    return sparse.make(BENCH, None, ROW, tmp_path, 24, None, silent), asked


def test_the_first_is_kept_where_it_is_good_enough(monkeypatch, tmp_path):
    """A point is 40 of 4,000 images."""
    found, asked = made_of(monkeypatch, tmp_path, [3760])
    assert asked == [("penalty-0.8", 0.8)] and found.kept
    assert (found.interval, found.fps, found.simulated, found.modelled) == (400, 250_000, 24, 30)
    assert (found.last.density, found.last.accuracy) == (0.11, 0.94)


def test_the_penalty_is_halved(monkeypatch, tmp_path):
    found, asked = made_of(monkeypatch, tmp_path, [3000, 3759, 3761])
    assert [penalty for _, penalty in asked] == [0.8, 0.4, 0.2]
    assert found.kept and [one.right for one in found.tries] == [3000, 3759, 3761]
    lines = sparse.cells(found, ROW)
    assert [line[-1] for line in lines] == ["no: more than a point less"] * 2 + ["yes"]
    assert lines[2][-3:-1] == ["250,000", "2.00"] and lines[0][-3:-1] == ["–", "–"]


def test_three_tries_and_no_more(monkeypatch, tmp_path):
    found, asked = made_of(monkeypatch, tmp_path, [3000, 3100, 3200, 3800])
    assert len(asked) == 3 and not found.kept and (found.fps, found.simulated) == (0, 0)
    assert all(line[-1] != "yes" and "–" in line for line in sparse.cells(found, ROW))


def test_the_memory_port_bounds(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "tests.sw.bench.published.test_sparse.ROW", replace(ROW, port_fps=130_000.0)
    )
    found, _ = made_of(monkeypatch, tmp_path, [3800])
    assert found.fps == 130_000


def test_goes_through_json():
    one = Sparse(
        "x",
        (Try(1.0, 1, 2, 0.1, 0.9, 0.3), Try(0.5, 2, 2, 0.3, 1.0, 0.4)),
        True,
        24,
        30,
        10.5,
        12.0,
        1e5,
    )
    assert sparse.read(json.loads(json.dumps(asdict(one)))) == one
    with pytest.raises(TypeError):
        sparse.read(asdict(one) | {"more": 1})


def test_a_real_twin_has_the_folding_of_the_row(monkeypatch, tmp_path):
    """Another network, the same hardware but for its weights; the folding beside it is what
    'compile --folding' takes.
    """
    short = replace(find_recipe("digits-mlp"), epochs=1)
    monkeypatch.setattr(training, "find_recipe", lambda name: short)
    bench = replace(BENCH, name="digits-mlp", target_fps=200_000)
    model = training.train_and_freeze("digits-mlp", tmp_path / "row", None, silent)
    x = np.load(tmp_path / "row" / "calibration_x.npy")
    row = compile(model, "pynq-z2", x, folder=tmp_path / "row", target_fps=200_000)
    twin = sparse.compile_on_folding(bench, row, tmp_path / "twin", 2.0, None, silent)
    assert twin.plan.foldings == row.plan.foldings
    assert twin.plan.density["fc1"] < row.plan.density["fc1"]
    assert json.loads((tmp_path / "twin" / "train.json").read_text())["spike_penalty"] == 2.0
    written = read_overrides(tmp_path / "twin" / "folding.json")
    assert first_foldings(row.plan.graph, written) == (row.plan.foldings, set(row.plan.foldings))


def test_a_training_is_known_by_its_settings(monkeypatch, tmp_path):
    short = replace(find_recipe("digits-mlp"), epochs=1)
    train(short, tmp_path, spike_penalty=0.5)
    known = partial(training.trained, short, tmp_path)
    assert known(spike_penalty=0.5) and known(spike_penalty=0.5, epochs=1)
    assert (
        not known()
        and not known(spike_penalty=0.5, seed=1)
        and not known(spike_penalty=0.5, epochs=2)
    )
    (tmp_path / "test_source.npy").unlink()
    assert not known(spike_penalty=0.5)
