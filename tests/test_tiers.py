"""The tiers: what a change needs is found from the imports, and the table of tiers names tests that
are there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import changes, check, tiers
from tests.import_graph import ROOT, dependants, modules, needs
from tests.tiers import CHECK, PROOF, SECONDS, SHORT

FILES = {
    "house/__init__.py": "",
    "house/low.py": "",
    "house/middle/__init__.py": "from house import low\n",
    "house/middle/part.py": "",
    "house/lazy.py": "def f():\n    import house.middle.part\n",
    "house/alone.py": "",
    "tests/__init__.py": "",
    "tests/conftest.py": "",
    "tests/helper.py": "from house.lazy import f\n",
    "tests/test_helped.py": "from .helper import f\n",
    "tests/test_alone.py": "import house.alone\n",
    "tests/sub/__init__.py": "",
    "tests/sub/conftest.py": "from house import alone\n",
    "tests/sub/test_in_sub.py": "",
    "tests/test_text.py": 'CODE = "import tests.helper"\n',
    "tests/test_runs.py": 'PROGRAM = "helper.py"\n',
}
NEEDED = {
    "house.low": {"tests.test_helped", "tests.test_text", "tests.test_runs"},
    "house.middle": {"tests.test_helped", "tests.test_text", "tests.test_runs"},
    "house.middle.part": {"tests.test_helped", "tests.test_text", "tests.test_runs"},
    "house.alone": {"tests.test_alone", "tests.sub.test_in_sub"},
    "tests.conftest": {
        *("tests.test_helped", "tests.test_alone", "tests.sub.test_in_sub"),
        *("tests.test_text", "tests.test_runs"),
    },
    "tests.test_alone": {"tests.test_alone"},
}
"""Changed module -> tests that need it."""


def test_what_needs_a_module(tmp_path: Path) -> None:
    """Through other modules, in functions, packages on the way, texts, and the ``conftest``
    above.
    """
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    known = modules({name: tmp_path / name for name in ("house", "tests")})
    needed = needs(known)
    found = {
        module: {name for name in dependants({module}, needed) if ".test_" in name}
        for module in NEEDED
    }
    assert found == NEEDED
    assert dependants({"house.low"}, needed)["tests.test_helped"] == 4


AFFECTED = {
    "sw/spikeloom/cli/bench.py": ("tests/sw/bench/published/test_command.py", "tests/sw/ir"),
    "sw/spikeloom/ir/golden.py": ("tests/sw/ir/test_golden.py", "tests/hw/ps7/test_slice.py"),
    "sw/spikeloom/report/page.html.j2": ("tests/sw/report/test_report.py", "tests/sw/ir"),
    "sim/spikeloom_sim/network/harness.h": ("tests/sim/network/test_network.py", "tests/sw/ir"),
    "sim/spikeloom_sim/board/ps7/ps7.v": ("tests/sim/board/test_ps7.py", "tests/sw/ir"),
    "hls_templates/top.cpp.j2": ("tests/sw/backend/hls/test_command.py", "tests/hw/lib"),
    "bitstreams/vivado/system.tcl": (
        "tests/sw/backend/vivado/test_tcl.py",
        "tests/hw/shell/test_job.py",
    ),
    "tests/replay.json": ("tests/test_replay.py", "tests/sw"),
    "tests/networks.py": ("tests/sim/network/test_random_networks.py", "tests/sw/train"),
    "Makefile": ("tests/test_makefile.py", "tests/sw/ir"),
    "sw/spikeloom/ir/a_new_module.py": ("", "tests"),
    "docs/a_new_page.md": ("", "tests/sw"),
}
"""Changed file -> a test that needs it, and what does not."""


@pytest.mark.parametrize("path", AFFECTED)
def test_what_a_change_needs(path: str) -> None:
    there, absent = AFFECTED[path]
    found = changes.affected([path])
    assert not there or there in found
    assert not [name for name in found if name.startswith(absent)]
    assert list(found.values()) == sorted(found.values())


def test_a_house_comes_before_its_modules() -> None:
    assert {
        "tests/sw/ir/test_golden.py",
        "tests/sw/driver/test_packing.py",
    } <= changes.affected(["sw/spikeloom/__init__.py"]).keys()


def test_what_git_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(changes, "ROOT", tmp_path)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    git("init")
    for name in ("kept", "edited", "deleted", ".gitignore"):
        (tmp_path / name).write_text("ignored\n" if name == ".gitignore" else name)
    git("add", ".")
    git("commit", "-m", "first")
    (tmp_path / "edited").write_text("other")
    (tmp_path / "deleted").unlink()
    for name in ("new", "ignored", "staged"):
        (tmp_path / name).write_text(name)
    git("add", "staged")
    assert changes.changed() == ["deleted", "edited", "new", "staged"]
    git("add", "-A")
    git("commit", "-m", "second")
    assert changes.changed() == []
    assert changes.changed("HEAD~1") == ["deleted", "edited", "new", "staged"]


def names() -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")]


def test_the_table_names_what_is_there() -> None:
    files = names()
    assert SECONDS.keys() <= set(files)
    assert list(SECONDS.values()) == sorted(SECONDS.values(), reverse=True)
    for pattern in (*CHECK, *PROOF):
        place = pattern.partition("::")[0]
        assert any(tiers.any_of(f"{name}::test", [f"{place}*"]) for name in files), pattern
    assert len(check.always()) == len({pattern.partition("::")[0] for pattern in CHECK})


def test_there_is_time_for_the_nearest_files() -> None:
    """The longest is a file of minutes; it is left where there is no time for it, the others are
    not.
    """
    long, *_ = SECONDS
    files = {"tests/near.py": 1, long: 2, "tests/far.py": 3}
    assert check.within(files, 1000) == list(files)
    assert check.within(files, SHORT) == ["tests/near.py"]
    assert check.within(files, 2 * SHORT) == ["tests/near.py", "tests/far.py"]
    for path in ("sw/spikeloom/ir/number.py", "hw/spikeloom_hw/bodies/scan.py"):
        found = changes.affected([path])
        chosen = check.within(found, check.MOST)
        assert 0 < len(chosen) < len(found) and check.minutes(chosen) < 4 < check.minutes(found)
        assert chosen[0] == next(iter(found))


def test_what_moved_to_proof_is_listed() -> None:
    text = (ROOT / "tests" / "TIERS.md").read_text(encoding="utf-8")
    assert not [pattern for pattern in PROOF if f"`{pattern}`" not in text]


def test_check_takes_its_own_tests_and_whole_affected_files() -> None:
    command = ["-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    files = ["tests/test_tiers.py", "tests/sim/network/test_random_networks.py"]
    found = {}
    for affected in ([], files[1:]):
        options = [word for name in affected for word in ("--affected", name)]
        done = subprocess.run(
            [sys.executable, *command, "--tier", "check", *options, *files],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        found[len(affected)] = [line for line in done.stdout.splitlines() if "random" in line]
    assert [line.partition("[")[2] for line in found[0]] == [f"seed{k}]" for k in range(8)]
    assert len(found[1]) == 41
