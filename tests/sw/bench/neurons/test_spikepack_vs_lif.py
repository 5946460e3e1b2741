"""SpikePack against LIF end to end on a few images: one folding for all, goes on where it stopped,
and the RTL has the last word.
"""

from __future__ import annotations

import json
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from spikeloom import accelerator as facade
from spikeloom.bench.neurons import spikepack_vs_lif, tables
from spikeloom.bench.neurons.equal_accuracy import equal, means
from spikeloom.bench.neurons.spikepack_vs_lif import FOLDINGS, KINDS, LIF, SPIKEPACK, TwinStudy, run
from spikeloom.errors import SpikeLoomError
from spikeloom.progress import silent
from spikeloom.report import plots

from tests.sw.bench.neurons.test_equal_accuracy import point
from tests.sw.train.small_sets import shrink

TINY = TwinStudy(steps=(2,), seeds=1, timed=4, rtl=0, epochs=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder, patched = tmp_path_factory.mktemp("twins"), pytest.MonkeyPatch()
    shrink(patched)
    yield folder, run(TINY, folder, silent, lambda points: None)
    patched.undo()


def test_the_order_of_the_trainings():
    jobs = list(TwinStudy(steps=(1, 8), seeds=2).jobs())
    assert jobs[:4] == [(SPIKEPACK, 1, 0), (LIF, 1, 0), (SPIKEPACK, 8, 0), (LIF, 8, 0)]
    assert len(jobs) == 8 and {seed for _, _, seed in jobs[4:]} == {1}


def test_both_kinds_have_the_same_lanes(made):
    folder, points = made
    assert [(p.kind, p.steps, p.seed, p.images, p.timed) for p in points] == [
        (kind, 2, 0, 64, 4) for kind in KINDS
    ]
    plans = [facade.Accelerator.load(folder / f"{kind}-t2-seed0").plan for kind in KINDS]
    for stages, given in zip(
        zip(*(plan.stages for plan in plans), strict=True), FOLDINGS, strict=True
    ):
        assert stages[0].folding == stages[1].folding
        assert all(getattr(stages[0].folding, name) == value for name, value in given.items())
        assert stages[0].layer.weight.shape == stages[1].layer.weight.shape
    assert [stage.per_step for stage in plans[0].stages] == [False] * 4
    assert [stage.per_step for stage in plans[1].stages] == [False, True, True, False]


def test_the_interval_knows_the_sources(made):
    folder, points = made
    for one in points:
        source = np.load(folder / f"{one.kind}-t2-seed0" / "test_source.npy")
        assert one.sources == len(np.unique(source)) and one.low < one.accuracy < one.high


def test_goes_on_where_it_stopped(made, monkeypatch):
    folder, points = made
    monkeypatch.setattr("spikeloom.bench.published.training.train", None)
    monkeypatch.setattr(spikepack_vs_lif, "evaluate_point", None)
    seen = []
    assert run(TINY, folder, silent, lambda so_far: seen.append(len(so_far))) == points
    assert seen == [1, 2]
    with pytest.raises(TypeError):
        run(replace(TINY, timed=5), folder, silent, lambda points: None)


def test_some_images_go_through_the_rtl(made, monkeypatch):
    folder, points = made
    accelerator, seen = facade.Accelerator.load(folder / "spikepack-t2-seed0"), []
    monkeypatch.setattr(
        spikepack_vs_lif, "simulate_rtl", lambda made, x, progress: seen.append((made, len(x)))
    )
    assert spikepack_vs_lif.evaluate_point(accelerator, SPIKEPACK, 2, 0, 4, 3, silent) == replace(
        points[0], rtl_images=3
    )
    assert seen == [(accelerator, 3)]
    assert (
        spikepack_vs_lif.evaluate_point(accelerator, SPIKEPACK, 2, 0, 4, 0, silent) == points[0]
        and len(seen) == 1
    )


def test_a_network_of_other_layers_is_refused(made, monkeypatch):
    folder, _ = made
    monkeypatch.setattr(spikepack_vs_lif, "FOLDINGS", FOLDINGS[:3])
    with pytest.raises(SpikeLoomError, match="expected 3 layers, found 4: conv1, conv2, conv3, fc"):
        spikepack_vs_lif.compiled(
            folder / "spikepack-t2-seed0" / "model.onnx", folder / "spikepack-t2-seed0", silent
        )


POINTS = [
    point(kind, steps, share + 0.002 * seed, cycles, seed)
    for seed in (0, 1, 2)
    for kind, steps, share, cycles in (
        (SPIKEPACK, 1, 0.7, 1000),
        (SPIKEPACK, 2, 0.8, 2000),
        (LIF, 1, 0.65, 900),
        (LIF, 2, 0.75, 3000),
        (LIF, 4, 0.9, 9000),
    )
]


def test_tables(tmp_path):
    tables.write(tmp_path, POINTS)
    data = json.loads((tmp_path / "twins.json").read_text())
    assert (
        len(data["points"]) == 15
        and len(data["means"]) == len(means(POINTS))
        and data["target"] == 2
    )
    assert [one["how"] for one in data["equal"]] == [
        "below the curve",
        "interpolated",
        "not reached",
    ]
    text = (tmp_path / "twins.md").read_text()
    assert "| lif | 2 | 75.20 % | 75.00 % to 75.40 % | 3 | 20.0 % | 3,000 |" in text
    assert "| 2 | 75.20 % | 3,000 | 1,500 | 2.00 | 2.00, 2.00, 2.00 | 2 | 1.50 |" in text
    assert "| at least 0.90 |" in text and "| 9,000 | not reached | – | – | – | – |" in text


def test_a_picture_of_what_there_is(tmp_path):
    """The same text again; also of a single point, as it is after the first training."""
    texts = [drawn(some) for some in (POINTS, POINTS, POINTS[:1])]
    assert texts[0] == texts[1] != texts[2]
    assert plots.BLUE in texts[2] and plots.RED in texts[0]
    tables.write(tmp_path, POINTS[:1])
    assert (tmp_path / "twins.png").read_bytes().startswith(b"\x89PNG") and equal(POINTS[:1]) == []


def drawn(points):
    with matplotlib.rc_context(plots.STYLE):
        return plots.svg(tables.draw(means(points)))
