"""The command line of the benchmark: which parts run, with which options, and what is shown."""

from __future__ import annotations

import pytest
from spikeloom.bench.neurons import spikepack_vs_lif
from spikeloom.bench.published import run as running
from spikeloom.bench.published.rows import ROWS
from spikeloom.bench.published.run import Options
from spikeloom.bench.published.tables import Row
from spikeloom.cli import main

from tests.sw.bench.neurons.test_spikepack_vs_lif import POINTS
from tests.sw.bench.published.test_tables import RESULT


@pytest.fixture
def asked(monkeypatch):
    """What ``spikeloom bench`` asks for, in its order."""
    found = []

    def rows(wanted, folder, options, *, progress, shown):
        found.append(([row.name for row in wanted], folder.name, options))
        shown("lfc-w1t1: no room")
        return [Row(RESULT)]

    def pairs(settings, folder, progress, told):
        found.append((settings, folder.parts[-2:]))
        told(POINTS)
        return POINTS

    monkeypatch.setattr(running, "run", rows)
    monkeypatch.setattr(spikepack_vs_lif, "run", pairs)
    return found


def test_rows_with_their_options(asked, tmp_path, capsys):
    assert (
        main.run(
            [
                "bench",
                "lfc-w1t1",
                "tfc-w2t2",
                "-o",
                str(tmp_path / "b"),
                "--sparse",
                "--parallel",
                "--images",
                "9",
            ]
        )
        == 0
    )
    assert asked == [
        (["lfc-w1t1", "tfc-w2t2"], "b", Options(None, 9, False, sparse=True, parallel=True))
    ]
    shown = capsys.readouterr().out
    assert (
        "warning: lfc-w1t1: no room" in shown
        and "# Benchmark" in shown
        and "bench.json" in shown
        and "SpikePack" not in shown
    )


def test_twins_alone(asked, tmp_path, capsys):
    assert main.run(["bench", "twins", "-o", str(tmp_path / "b"), "--anew"]) == 0
    assert asked == [(spikepack_vs_lif.TwinStudy(anew=True), ("b", "twins"))]
    shown = capsys.readouterr().out
    assert (
        "# SpikePack against LIF" in shown and "twins.svg" in shown and "# Benchmark" not in shown
    )
    assert (tmp_path / "b" / "twins.json").is_file()


def test_all_without_a_name(asked, tmp_path):
    assert main.run(["bench", "-o", str(tmp_path)]) == 0
    assert (
        asked[0][0] == [row.name for row in ROWS] and asked[0][2] == Options() and len(asked) == 2
    )


def test_an_unknown_row(asked, tmp_path, capsys):
    assert main.run(["bench", "twins", "alexnet", "-o", str(tmp_path)]) == 2 and not asked
    assert "benchmark 'alexnet' is unknown: expected one of tfc-w2t2, " in capsys.readouterr().err
