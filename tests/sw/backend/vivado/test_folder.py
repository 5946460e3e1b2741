"""The folder for Vivado: whole or not at all, the same every time, and nobody else's."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from spikeloom.backend.vivado import flow as vivado
from spikeloom.backend.vivado import folder as vivado_folder
from spikeloom.backend.vivado.tcl import settings
from spikeloom.errors import SpikeLoomError
from spikeloom.interface import manifest as manifests

from tests.sw.backend.vivado.test_tcl_of_the_house import contents

BOARDS = ("pynq-z2", "zcu104")


@pytest.mark.parametrize("board", BOARDS)
def test_the_folder_is_whole_and_the_same_every_time(
    networks: dict[str, Path], tmp_path: Path, board: str
) -> None:
    for name in ("one", "two"):
        vivado.prepare(networks[board], tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    names = {
        "build.tcl",
        "checks.tcl",
        "package.tcl",
        "system.tcl",
        "implement.tcl",
        "context.tcl",
        "settings.tcl",
    }
    assert set(contents(tmp_path / "one")) == {
        *names,
        "rtl/top.v",
        "rtl/shell.v",
        "manifest.json",
        "run.sh",
        "README.md",
    }
    for path in (tmp_path / "one").rglob("*"):
        assert path.is_dir() or str(tmp_path) not in path.read_text()
    vivado.prepare(networks[board], tmp_path / "one", ooc=True)
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"} and (
        tmp_path / "one" / "clock.xdc"
    ).is_file()


def test_writing_the_same_folder_again_keeps_a_result(
    ready: Path, networks: dict[str, Path]
) -> None:
    """It may have come from another machine."""
    before = contents(ready)
    vivado.prepare(networks["pynq-z2"], ready)
    assert contents(ready) == before and {path.name for path in ready.parent.iterdir()} == {
        "vivado"
    }
    vivado.prepare(networks["zcu104"], ready)
    assert not (ready / "out").exists() and not (ready / "report").exists()


def test_a_folder_of_someone_else_stays(networks: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("mine", "file"):
        with pytest.raises(SpikeLoomError, match="an earlier run has written"):
            vivado.prepare(networks["pynq-z2"], tmp_path / name)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "mine"


def test_a_full_disk_leaves_the_old_folder(
    folder: Path, networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(folder)

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vivado_folder.shutil, "copyfile", full)
    with pytest.raises(SpikeLoomError, match=r"cannot be written \(No space left on device\)"):
        vivado.prepare(networks["pynq-z2"], folder, ooc=True)
    assert contents(folder) == before and {path.name for path in folder.parent.iterdir()} == {
        "vivado"
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("rtl/top.v", "endmodule", "endmodule // other", "expected the Verilog of manifest.json"),
        (
            "manifest.json",
            '"limit_cycles": 1000',
            '"limit_cycles": 1001',
            "expected the identity of manifest.json in it",
        ),
        ("manifest.json", '"board": "pynq-z2"', '"board": "other"', "board 'other' is unknown"),
        ("manifest.json", '"clock_mhz": 100.0', '"clock_mhz": 0.01', "expected 0.252 or more"),
    ],
)
def test_files_that_do_not_belong_together(
    networks: dict[str, Path], tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    shutil.copytree(networks["pynq-z2"], tmp_path / "net")
    path = tmp_path / "net" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    if old.startswith('"board') or old.startswith('"clock'):
        shell = tmp_path / "net" / "rtl" / "shell.v"
        identity = manifests.load(tmp_path / "net").identity
        shell.write_text(
            shell.read_text() + "".join(f"// 32'h{identity[k : k + 8]}\n" for k in range(0, 64, 8))
        )
    with pytest.raises(SpikeLoomError, match=message):
        vivado.prepare(tmp_path / "net", tmp_path / "vivado")
    assert not (tmp_path / "vivado").exists()


def test_not_emitted(tmp_path: Path) -> None:
    with pytest.raises(SpikeLoomError, match="run 'spikeloom emit' first"):
        vivado.prepare(tmp_path / "net", tmp_path / "vivado")


@pytest.mark.parametrize("name", ["[exit 3]", "a b", "$x}{", "größer", "-force", "x" * 200])
def test_names_are_no_commands(networks: dict[str, Path], name: str) -> None:
    """A network may be called anything: Vivado's files then have a name of their own."""
    manifest = replace(manifests.load(networks["pynq-z2"]), name=name)
    assert vivado_folder.file_name(manifest) == "shell" and name not in settings(
        vivado_folder.values(manifest, False)
    )
    assert vivado_folder.file_name(replace(manifest, name="digits-cnn.2")) == "digits-cnn.2"
