"""Faults put into the generated C++ are seen by the comparison: a bias, a tie at the threshold, a
plane, a bank.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from spikeloom.backend.hls import csim

from tests.sw.backend.hls.small import again, project, small_plan, words_for


def changed(path: Path, pattern: str, to: str) -> None:
    text = path.read_text(encoding="utf-8")
    found, count = re.subn(pattern, to, text, count=1)
    assert count == 1, f"{path.name}: {pattern}"
    path.write_text(found, encoding="utf-8")


FAULTS = {
    "a bias one too large": (
        "weights.hpp",
        r"(n1_a_beta\[1\]\[4\]\[1\] = \{\n\{\n\{)8\}",
        r"\g<1>9}",
    ),
    "the last plane lost": ("params.hpp", r"planes\[\] = \{3\}", "planes[] = {2}"),
    "the channels of two banks": ("params.hpp", r"dealt\[\] = \{0, 1\}", "dealt[] = {1, 0}"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(fault: str, tmp_path: Path) -> None:
    plan = small_plan()
    place = project.write(plan, tmp_path)
    name, pattern, to = FAULTS[fault]
    changed(place / name, pattern, to)
    found = again(plan, place, words_for(plan, 60))
    assert found.differences and found.equal_outputs < found.outputs


def test_without_a_fault_nothing_is_seen_and_what_was_done_is_kept(tmp_path: Path) -> None:
    plan = small_plan()
    place = project.write(plan, tmp_path)
    words = words_for(plan, 70)

    def interrupted(what: str, done: int, total: int) -> None:
        if done == 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        csim.simulate(plan, place, words, steps=None, sanitize=False, progress=interrupted)
    found = again(plan, place, words)
    calls = (place / "csim" / "run.log").read_text(encoding="utf-8").count("$ ./testbench")
    assert calls == 2 and not list((place / "csim").glob("portion_*"))
    assert not found.differences and (found.equal_images, found.images) == (70, 70)
    program = place / "csim" / "testbench"
    before = program.stat().st_mtime_ns
    project.write(plan, tmp_path)
    again(plan, place, words)
    assert program.stat().st_mtime_ns == before
    changed(place / "include/spikeloom/spikepack.hpp", r"u >= threshold", "u > threshold")
    assert again(plan, place, words).differences and program.stat().st_mtime_ns > before
