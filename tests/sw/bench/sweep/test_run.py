"""A sweep end to end: what it writes is what the parts say, it goes on where it stopped, and it
notices other settings.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spikeloom.accelerator import Accelerator
from spikeloom.bench.sweep import picture, run
from spikeloom.bench.sweep.figures import POINTS
from spikeloom.bench.sweep.grid import Grid
from spikeloom.bench.sweep.jobs import Hardware, folder_name
from spikeloom.bench.sweep.pareto import front
from spikeloom.bench.sweep.run import Sweep, sweep
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.ir import golden
from spikeloom.mapping import cycle_model
from spikeloom.nn import PerLayer
from spikeloom.nn.configure import neurons, weighted
from spikeloom.train.zoo import find

from tests.sw.bench.sweep.small import GRID, HARDWARE, ONE, read, small

TABLES = ("sweep.csv", "runs.csv", "sweep.svg", "sweep.png")


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """Four points, without interruption."""
    return small(tmp_path_factory.mktemp("straight"), drawn=True)


@pytest.fixture
def copy(straight: Sweep, tmp_path: Path) -> Path:
    """The same folder, to be changed."""
    return Path(shutil.copytree(straight.folder, tmp_path / "copy"))


class Trainings:
    """Counts what is trained, and may interrupt."""

    def __init__(self, interrupt: tuple[str, int] | None = None) -> None:
        self.points, self.epochs, self.interrupt = 0, 0, interrupt

    def __call__(self, what: str, done: int, total: int) -> None:
        if (what, done) == self.interrupt:
            raise KeyboardInterrupt
        self.points += what == "points" and done < total
        self.epochs += what == "train" and done < total


def test_the_tables_hold_what_the_folders_give(straight: Sweep) -> None:
    assert sorted(p.name for p in straight.folder.iterdir()) == [
        "data",
        "points",
        *sorted(TABLES, key=str),
    ]
    rows, runs = read(straight.folder), read(straight.folder, "runs.csv")
    assert [(r["spike_penalty"], r["steps"], r["weight_bits"]) for r in rows] == [
        ("0.0", "2", "2"),
        ("0.0", "2", "4 fc1=3"),
        ("2.0", "2", "2"),
        ("2.0", "2", "4 fc1=3"),
    ]
    for row, line, made in zip(rows, runs, straight.runs, strict=True):
        folder = straight.folder / line["folder"]
        assert folder == made.job.folder
        accelerator = Accelerator.load(folder)
        graph = accelerator.plan.graph
        x, y = np.load(folder / "test_x.npy"), np.load(folder / "test_y.npy")
        words = accelerator.words(x)
        trace = golden.trace(graph, words)
        assert int(line["right"]) == (golden.run(graph, x).argmax(1) == y).sum()
        bits = {
            name: np.bitwise_and(words[..., None] >> np.arange(16), 1).sum()
            for name, words in trace.items()
        }
        assert float(line["spikes"]) == pytest.approx(
            (bits["fc1"] + bits["fc2"]) / len(x), rel=1e-6
        )
        assert float(line["density"]) == pytest.approx(
            (bits["fc1"] + bits["fc2"]) / (2 * 96 * len(x)), rel=1e-6
        )
        wide = {"2": (2, 2, 2), "4 fc1=3": (3, 4, 4)}[row["weight_bits"]]
        macs, planes = (64 * 64, 64 * 32, 32 * 10), (4, 2, 2)
        share = [
            bits[name] / (len(x) * size * t)
            for name, size, t in zip(("input", "fc1", "fc2"), (64, 64, 32), planes, strict=True)
        ]
        budgets = [n * t * w for n, t, w in zip(macs, planes, wide, strict=True)]
        assert (int(line["macs"]), int(line["s_ace"])) == (sum(macs), sum(budgets))
        assert float(line["ns_ace"]) == pytest.approx(
            sum(b * d for b, d in zip(budgets, share, strict=True)), rel=1e-6
        )
        assert int(line["stored_bits"]) == sum(n * w for n, w in zip(macs, wide, strict=True))
        timing = cycle_model.simulate(
            accelerator.plan, words[[0, 121, 242]], cycle_model.BACK_TO_BACK
        )
        assert float(line["cycles_simulated"]) == pytest.approx(timing.intervals.mean(), rel=1e-6)
        estimated = json.loads((folder / "estimate_layer_resources.json").read_text())
        assert (
            int(line["lut_estimated"]) == estimated["total"]["LUT"]
            and int(line["ff_estimated"]) == estimated["total"]["FF"]
        )
        assert float(row["accuracy"]) == pytest.approx(int(line["right"]) / 364, rel=1e-6)
        assert float(row["accuracy_low"]) < float(row["accuracy"]) < float(row["accuracy_high"])


def test_the_front_is_the_front(straight: Sweep) -> None:
    rows = read(straight.folder)
    costs = [
        [
            -float(row["accuracy"]),
            *(
                float(row[name])
                for name in ("bit_budget", "spikes", "cycles_simulated", "lut_estimated")
            ),
        ]
        for row in rows
    ]
    assert [row["front"] == "1" for row in rows] == front(costs)
    assert [row.front for row in straight.rows] == front(costs)
    spikes = [float(row["spikes"]) for row in rows]
    assert spikes[2] < spikes[0] and spikes[3] < spikes[1]


def test_a_finished_sweep_trains_nothing_and_writes_the_same(
    straight: Sweep, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "train", None)
    before = {name: (copy / name).read_bytes() for name in TABLES}
    for name in TABLES:
        (copy / name).unlink()
    again = small(copy, drawn=True)
    assert again.reused == 4 and [row.figures for row in again.rows] == [
        row.figures for row in straight.rows
    ]
    assert {name: (copy / name).read_bytes() for name in TABLES} == before


def test_goes_on_where_it_was_interrupted(straight: Sweep, tmp_path: Path) -> None:
    """In the middle of a training, between training and counting, and between two points."""
    grid = Grid(GRID.spike_penalties[:1], GRID.steps, GRID.weight_bits)
    for at in (("train", 1), ("cycles", 0), ("points", 1)):
        trainings = Trainings(at)
        with pytest.raises(KeyboardInterrupt):
            small(tmp_path, grid, progress=trainings)
        assert trainings.epochs == 1 - (at[0] == "points")
        assert (tmp_path / "sweep.csv").exists() == (at[0] == "points")
    assert len(read(tmp_path)) == 1
    trainings = Trainings()
    done = small(tmp_path, grid, progress=trainings)
    assert (done.reused, trainings.points, trainings.epochs) == (1, 1, 2)
    assert [row.figures for row in done.rows] == [row.figures for row in straight.rows[:2]]


def test_a_larger_grid_keeps_what_is_there(copy: Path) -> None:
    trainings = Trainings()
    wider = Grid((2.0,), (PerLayer(2), PerLayer(3)), GRID.weight_bits[:1])
    done = small(copy, wider, progress=trainings)
    assert (done.reused, trainings.points, len(read(copy))) == (1, 1, 2)


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({"epochs": 1}, 1),
        ({"hardware": Hardware("zcu104", images=3)}, 0),
        ({"hardware": Hardware(images=4)}, 0),
        ({"anew": True}, 2),
    ],
)
def test_other_settings_are_noticed(copy: Path, options: dict[str, object], epochs: int) -> None:
    """Another board only compiles again: the trained network is the same."""
    trainings, said = Trainings(), []
    done = small(copy, ONE, **{"progress": trainings, "shown": said.append} | options)
    assert (done.reused, trainings.points, trainings.epochs) == (0, 1, epochs)
    noticed = ["was made with other settings; it is made again" in line for line in said]
    assert noticed == ([] if "anew" in options else [True])


def test_a_damaged_point_is_made_again(copy: Path, straight: Sweep) -> None:
    said: list[str] = []
    (copy / straight.runs[2].job.folder.relative_to(straight.folder) / "point.json").write_bytes(
        b""
    )
    done = small(copy, ONE, shown=said.append)
    assert done.reused == 0 and len(said) == 1
    assert "expected a finished point" in said[0]
    assert done.rows[0].figures == straight.rows[2].figures


def test_a_figure_that_is_missing(straight: Sweep, tmp_path: Path) -> None:
    job = straight.runs[0].job
    whole = json.loads((job.folder / "point.json").read_text())
    for name in whole["figures"]:
        (tmp_path / "point.json").write_text(json.dumps(without(whole, name)))
        assert POINTS.find(tmp_path, job.key) is None
    assert POINTS.find(job.folder, job.key) == straight.runs[0].figures


def without(whole: dict[str, Any], name: str) -> dict[str, Any]:
    return whole | {
        "figures": {key: value for key, value in whole["figures"].items() if key != name}
    }


def test_what_does_not_fit_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first point too; another run tries it again."""
    real, calls = run.compile, []

    def full(*given: object, **options: object) -> Accelerator:
        calls.append(given)
        if len(calls) == 1:
            raise CapacityError("no room, not\nan inch")
        return real(*given, **options)

    monkeypatch.setattr(run, "compile", full)
    said: list[str] = []
    grid = Grid((0.0,), (PerLayer(1), PerLayer(2)))
    done = small(tmp_path, grid, shown=said.append, epochs=1)
    assert [bool(row.figures) for row in done.rows] == [False, True] and [
        row.front for row in done.rows
    ] == [False, True]
    assert said == ["penalty 0, T 1, weight bits 4, seed 0: no room, not an inch"]
    rows = read(tmp_path)
    assert (rows[0]["note"], rows[0]["accuracy"], rows[1]["note"]) == (
        "no room, not an inch",
        "",
        "",
    )
    assert "–" in repr(done)
    trainings = Trainings()
    assert small(tmp_path, grid, progress=trainings, epochs=1).reused == 1 and (
        trainings.points,
        trainings.epochs,
    ) == (1, 0)


def test_a_fault_of_every_point_ends_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object, **options: object) -> None:
        raise SpikeLoomError("no good")

    monkeypatch.setattr(run, "compile", broken)
    with pytest.raises(SpikeLoomError, match="^no good$"):
        small(tmp_path, ONE, epochs=1)
    monkeypatch.setattr(
        run, "make", lambda *given: (_ for _ in ()).throw(CapacityError("too large"))
    )
    with pytest.raises(SpikeLoomError, match="no point came to an end; the first: too large"):
        small(tmp_path, ONE, epochs=1)


def test_a_later_fault_is_a_note(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One training that diverges does not end a long sweep."""
    monkeypatch.setattr(
        run,
        "make",
        lambda *given: (_ for _ in ()).throw(
            SpikeLoomError("the loss is no longer a finite number")
        ),
    )
    done = small(copy, Grid((2.0, 3.0), GRID.steps, GRID.weight_bits[:1]))
    assert [bool(row.figures) for row in done.rows] == [True, False]


def test_points_that_are_the_same_network_are_one(tmp_path: Path) -> None:
    """digits-mlp is built with T = 4 and 4 bits."""
    grid = Grid(
        (0.0,),
        (PerLayer(), PerLayer(4), PerLayer(None, (("spike1", 4),))),
        (PerLayer(4), PerLayer()),
    )
    done = small(tmp_path, grid, epochs=1)
    assert [(row.steps, row.weight_bits) for row in done.rows] == [("4", "4")]


def test_seeds_and_a_users_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another seed is another network; the module is the one that the function returns, with the
    settings of the point.
    """
    made = []

    def mine():
        made.append(find("digits-mlp").build())
        return made[-1]

    monkeypatch.setattr(picture, "write", lambda *given: None)
    done = sweep(
        mine,
        tmp_path,
        Grid((0.0,), (PerLayer(1, (("spike2", 3),)),), (PerLayer(1),), seeds=2),
        HARDWARE,
        epochs=1,
    )
    (row,) = done.rows
    assert len({figures.right for figures in row.figures}) == 2 == len(read(tmp_path, "runs.csv"))
    assert row.mean("accuracy") == pytest.approx(
        sum(figures.accuracy for figures in row.figures) / 2
    )
    (line,) = read(tmp_path)
    assert (line["seeds"], line["steps"], line["weight_bits"]) == ("2", "1 spike2=3", "1")
    assert float(line["accuracy_deviation"]) > 0
    assert int(line["stored_bits"]) == 64 * 64 + 64 * 32 + 32 * 10  # +1 and -1 are one bit
    assert [neuron.steps for neuron in neurons(made[-1]).values()] == [1, 3]
    assert [layer.weight_bits for layer in weighted(made[-1]).values()] == [1, 1, 1]
    graph = Accelerator.load(done.runs[0].job.folder).plan.graph
    assert [graph.codes[name].steps for name in ("fc1", "fc2")] == [1, 3]  # type: ignore[union-attr]
    assert set(np.unique(graph["fc1"].weight)) == {-1, 1}  # type: ignore[union-attr]


def test_the_test_set_is_on_the_disk_once(straight: Sweep) -> None:
    for name in ("test_x.npy", "test_y.npy", "calibration_x.npy"):
        assert len({path.stat().st_ino for path in straight.folder.rglob(name)}) == 1
        assert len(list(straight.folder.rglob(name))) == 5


@pytest.mark.parametrize(
    ("net", "grid", "hardware", "match"),
    [
        (
            "digits-mlp",
            Grid(weight_bits=(PerLayer(2, (("conv1", 3),)),)),
            HARDWARE,
            "weight bits of 'conv1'.*fc1, fc2, fc3",
        ),
        ("digits-mlp", Grid(), Hardware("zx81"), "'zx81' is unknown"),
        ("digits-mlp", Grid(), Hardware(clock_mhz=0), "clock must be"),
        ("digits-mlp", Grid(), Hardware(target_fps=-1), "above zero, got -1"),
        (
            "events-cnn-lif",
            Grid(steps=(PerLayer(8), PerLayer(4))),
            HARDWARE,
            r"^T 4, weight bits 4: LIF: expected currents \(batch, 4",
        ),
    ],
)
def test_what_does_not_go_together_is_said_at_once(
    tmp_path: Path, net: str, grid: Grid, hardware: Hardware, match: str
) -> None:
    with pytest.raises(SpikeLoomError, match=match):
        sweep(find(net), tmp_path / "out", grid, hardware, epochs=1)
    assert not (tmp_path / "out").exists()


def test_folder_names() -> None:
    assert folder_name("penalty-0.5-steps-2-bits-2-seed-0") == "penalty-0.5-steps-2-bits-2-seed-0"
    texts = ["a b", "a_b", "a/b", "a\\b", "../a", "ä", "x" * 99 + "a", "x" * 400, "x" * 401]
    names = [folder_name(text) for text in texts]
    assert len(set(names)) == len(texts) and all(
        len(name) < 120 and "/" not in name and name.isascii() for name in names
    )
