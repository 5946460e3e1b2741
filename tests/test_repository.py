"""What holds for the files themselves: short, portable, without machine paths; and the Makefile
says what it does.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
OWN = ("sw", "hw", "sim", "hls_templates", "bitstreams", "tests", "docs", ".ci")
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".j2",
    ".cpp",
    ".hpp",
    ".h",
    ".v",
    ".ipynb",
    ".tcl",
    ".vlt",
    "",
}


def own_files() -> list[Path]:
    found = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    for name in OWN:
        found += [
            path
            for path in (ROOT / name).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        ]
    return sorted(path for path in found if path.suffix in TEXT)


def test_the_six_houses_stand() -> None:
    assert all(
        (ROOT / name).is_dir()
        for name in ("sw", "hw", "sim", "hls_templates", "bitstreams", "tests")
    )


def test_no_python_file_is_long() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in own_files()
        if path.suffix == ".py"
    }
    assert not {name: count for name, count in lines.items() if count > 400}


def test_lines_of_code_are_short() -> None:
    """Python is ruff's. The macro of the shim has its one long line as it stands."""
    long = [
        f"{path.relative_to(ROOT)}:{k}"
        for path in own_files()
        if path.suffix in {".hpp", ".h", ".cpp", ".v", ".tcl", ".vlt"} or path.name == "Makefile"
        for k, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 100 and not line.endswith("\\")
    ]
    assert not long


def test_no_machine_paths() -> None:
    pattern = re.compile(
        "|".join(("/" + "home/[a-z]", "/" + "root/", "/" + "Users/", "/" + "work/", r"[A-Z]:\\\\"))
    )
    hits = [
        f"{path.relative_to(ROOT)}:{k}"
        for path in own_files()
        for k, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not hits


def test_constraints_are_exact_and_portable() -> None:
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line) for line in lines), (
        "a pin is name==version, without a build tag or an address"
    )
    pins = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    wanted = {
        re.split(r"[\[<>=]", item)[0].lower() for items in extras.values() for item in items
    } - {"spikeloom"}
    assert wanted <= pins


def test_license_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text and "END OF TERMS AND CONDITIONS" in text


def test_make_shows_help_and_installs_nothing() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for target in ("sim", "test", "lint", "clean"):
        assert re.search(rf"^  {target} +\S", done.stdout, re.MULTILINE)
    assert "pip install" not in done.stdout


def test_every_public_module_says_what_it_is() -> None:
    import ast

    silent = [
        path
        for path in own_files()
        if path.suffix == ".py"
        and "tests" not in path.parts
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not [str(path.relative_to(ROOT)) for path in silent]
