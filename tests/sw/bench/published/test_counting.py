"""What is counted and what is simulated, where the hardware is made up; and the baseline that is
measured with it.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest
from spikeloom import accelerator as facade
from spikeloom.bench.published import pace, parallel
from spikeloom.bench.published.baseline import NEAR
from spikeloom.bench.published.counting import Speed, evaluate, speed
from spikeloom.bench.statistics import clustered
from spikeloom.errors import SpikeLoomError
from spikeloom.mapping import cycle_model
from spikeloom.mapping.plan import plan_file
from spikeloom.progress import silent

from tests.default_networks import default_graph
from tests.networks import random_plan, random_words
from tests.sw.bench.published.test_baseline import event_plan
from tests.sw.bench.published.test_tables import RESULT

ROW = replace(RESULT, name="digits-mlp", lut=14_000, port_fps=1e6, clock_mhz=100, dsp=0)


class Hardware:
    """A random network whose RTL answers at the times that it is given; without any, at those of
    the cycle model.
    """

    def __init__(self, last=None, differences=()):
        self.folder, self.plan, self.last, self.differences = (
            "x/net",
            random_plan(8),
            last,
            differences,
        )

    def simulate(self, x, progress):
        return SimpleNamespace(
            differences=self.differences,
            performance=SimpleNamespace(latency=SimpleNamespace(p99=99)),
        )

    def words(self, x):
        return random_words(np.random.default_rng(len(x)), self.plan.graph, len(x))

    def network(self):
        def run(words, mode):
            assert mode == "stream"
            last = cycle_model.simulate(self.plan, words, cycle_model.BACK_TO_BACK).last
            return SimpleNamespace(last=last if self.last is None else np.array(self.last))

        return SimpleNamespace(run=run)


def test_speed_is_of_the_whole_set(monkeypatch):
    hardware = Hardware()
    found = speed(hardware, np.zeros(50), 5, silent)
    assert (found.simulated, found.latency_p99, found.modelled) == (5, 99, 50)
    monkeypatch.setattr(pace, "IMAGES", 10)
    assert speed(hardware, np.zeros(50), 5, silent).modelled == 10
    assert found.intervals.tolist() == pace.intervals(hardware.plan, found.trace).tolist()
    assert found.interval == found.intervals.mean() and found.interval_p99 == found.intervals.max()


@pytest.mark.parametrize("images", [1, 2])
def test_too_few_images(images):
    with pytest.raises(SpikeLoomError, match=f"intervals need at least 3 images, found {images}"):
        speed(Hardware(), np.zeros(images), 4, silent)


def test_hardware_that_differs_is_refused():
    with pytest.raises(
        SpikeLoomError, match="x/net: the hardware differs from the golden model: image 3"
    ):
        speed(Hardware(differences=["image 3", "image 4"]), np.zeros(4), 4, silent)


def test_hardware_that_takes_other_cycles_is_refused():
    with pytest.raises(
        SpikeLoomError,
        match=r"x/net: the RTL takes \[1, 1, 1\] cycles between images, the cycle model \[",
    ):
        speed(Hardware([1, 2, 3, 4]), np.zeros(4), 4, silent)


@pytest.fixture
def made(tmp_path):
    """digits-mlp with random weights, and a test set of which it answers every second image right;
    four images of each source.
    """
    plan = event_plan("digits-mlp")
    accelerator = facade.Accelerator(tmp_path, plan)
    x = np.random.default_rng(0).integers(0, 16, (24, 1, 8, 8)).astype(np.float32)
    labels = (accelerator.golden(x).argmax(axis=1) + np.arange(24) % 2) % 10
    for name, array in (("test_x", x), ("test_y", labels), ("test_source", np.arange(24) // 4 + 7)):
        np.save(tmp_path / f"{name}.npy", array)
    return accelerator


def test_answers(made):
    found = evaluate(made, silent)
    assert (found.right, found.images, found.sources, found.accuracy) == (12, 24, 6, 0.5)
    assert (found.low, found.high) == clustered(np.arange(24) % 2 == 0, np.arange(24) // 4)
    trace = facade.golden.trace(made.plan.graph, made.words(np.load(made.folder / "test_x.npy")))
    bits = np.concatenate(
        [made.plan.graph.codes[name].planes(trace[name]).ravel() for name in ("fc1", "fc2")]
    )
    assert found.density == pytest.approx(bits.mean())


def test_sources_that_do_not_belong_to_the_images(made):
    np.save(made.folder / "test_source.npy", np.arange(23))
    with pytest.raises(
        SpikeLoomError,
        match=r"test_source.npy: expected one number per label, \(24,\), found \(23,\)",
    ):
        evaluate(made, silent)
    (made.folder / "test_source.npy").unlink()
    with pytest.raises(SpikeLoomError, match="test_source.npy"):
        evaluate(made, silent)


def baseline(made, monkeypatch, row=ROW, intervals=(300.0,)):
    taken = SimpleNamespace(lut=13_500, ff=9_000, dsp=4, ramb18=31)
    monkeypatch.setattr(
        parallel,
        "speed",
        lambda other, x, images, progress: Speed(images, 9, {}, np.array(intervals)),
    )
    monkeypatch.setattr(
        facade.Accelerator, "synth", lambda self, progress: SimpleNamespace(total=taken, delay=None)
    )
    return parallel.make(made, row, made.folder / "other", 24, silent)


def test_the_baseline_is_made_in_its_folder(made, monkeypatch):
    found = baseline(made, monkeypatch)
    plan = plan_file.load(made.folder / "other")
    assert {stage.folding.body for stage in plan.stages} == {
        "parallel"
    } and plan.graph.name == default_graph("digits-mlp").name
    assert (found.lut_wanted, found.lut, found.bram36, found.delay_ns) == (
        14_000,
        13_500,
        15.5,
        0.0,
    )
    assert found.lut_estimated <= 14_000 * (1 + NEAR) and set(found.multiplied_in) == {
        "fc1",
        "fc2",
        "fc3",
    }
    assert found.fps == pytest.approx(100e6 / 300) and found.others == {}
    assert parallel.read(asdict(found)) == found
    assert found.larger_lut > 14_000 and found.larger_fps(ROW) == min(
        1e6, 100e6 / found.larger_cycles
    )
    assert found.larger_fps(replace(ROW, port_fps=1e9)) == pytest.approx(
        100e6 / found.larger_cycles
    )


def test_the_memory_port_bounds_the_baseline(made, monkeypatch):
    assert baseline(made, monkeypatch, replace(ROW, port_fps=200_000.0)).fps == 200_000
