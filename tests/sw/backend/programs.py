"""Programs that stand in for nextpnr, fasm2frames and xc7frames2bit: strict about their command
line, plausible in what they write.

What they are like is in the environment variable ``OPEN_TOOLS``, as JSON: ``fmax``, ``break`` (name
of the tool that dies half-way), ``silent`` (name of one that writes nothing), ``short`` (bytes that
are missing in the bitstream).
"""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

PART = "xc7z020clg400-1"
VARIABLE = "OPEN_TOOLS"
LENGTH = 4_045_564

OPTIONS = {
    "nextpnr-himbaechel": (
        ("--device", PART),
        ("--chipdb", Path),
        ("--json", "ps7_top.json"),
        ("-o", "xdc=ps7_top.xdc"),
        ("-o", "fasm=ps7_top.fasm"),
        ("--freq", float),
        ("--router", "router2"),
        ("--timing-allow-fail", None),
        ("--report", "nextpnr.json"),
    ),
    "nextpnr-xilinx": (
        ("--chipdb", Path),
        ("--xdc", "ps7_top.xdc"),
        ("--json", "ps7_top.json"),
        ("--fasm", "ps7_top.fasm"),
        ("--freq", float),
        ("--timing-allow-fail", None),
    ),
}


class Usage(Exception):
    """The command line is not the one that the tool takes."""


def parse(name: str, words: list[str]) -> dict[str, str]:
    """Options in the order in which they are given; files are there."""
    found: dict[str, str] = {}
    rest = list(words)
    for option, kind in OPTIONS[name]:
        if not rest or rest.pop(0) != option:
            raise Usage(f"{name}: expected {option}")
        if kind is None:
            continue
        value = rest.pop(0)
        if kind is Path and not Path(value).is_file():
            raise Usage(f"{name}: {option} {value}: no such file")
        if isinstance(kind, str) and value != kind:
            raise Usage(f"{name}: {option} {value}: expected {kind}")
        found[option] = str(float(value)) if kind is float else value
    if rest:
        raise Usage(f"{name}: unknown {rest}")
    return found


def nextpnr(name: str, words: list[str], likes: dict[str, object]) -> None:
    if words == ["--version"]:
        print(f'"{name}" -- Next Generation Place and Route (Version 0.8-tests)')
        return
    options = parse(name, words)
    netlist = json.loads(Path("ps7_top.json").read_text(encoding="utf-8"))
    kinds = [cell["type"] for cell in netlist["modules"]["ps7_top"]["cells"].values()]
    if kinds.count("PS7") != 1 or netlist["modules"]["ps7_top"]["ports"]:
        raise Usage("expected a top without ports around one PS7")
    Path("ps7_top.xdc").read_text(encoding="utf-8")
    fmax, wanted = float(str(likes.get("fmax", 81.25))), float(options["--freq"])
    print(
        "Info: Device utilisation:\nInfo: \t          SLICE_LUTX:  4321/106400     4%\nInfo: \t    "
        "             PS7:     1/     1   100%"
    )
    print(f"Info: Max frequency for clock 'clk': {fmax / 2:.2f} MHz (FAIL at {wanted:.2f} MHz)")
    if likes.get("break") == name:
        print("ERROR: Failed to route arc 3 of net 'clk'")
        sys.exit(255)
    print(
        f"Info: Max frequency for clock 'clk': {fmax:.2f} MHz"
        f" ({'PASS' if fmax >= wanted else 'FAIL'} at {wanted:.2f} MHz)"
    )
    if "--report" in options:
        report = {
            "fmax": {"clk": {"achieved": fmax, "constraint": wanted}},
            "utilization": {
                "SLICE_LUTX": {"used": 4321, "available": 106400},
                "BUFGCTRL": {"used": 0, "available": 32},
            },
        }
        Path("nextpnr.json").write_text(json.dumps(report), encoding="utf-8")
    if likes.get("silent") != name:
        Path("ps7_top.fasm").write_text("INT_L_X0Y0.NL1BEG1.NN2END2\n", encoding="utf-8")


def fasm2frames(words: list[str], likes: dict[str, object]) -> None:
    if [*words[:3], *words[4:]] != ["--part", PART, "--db-root", "ps7_top.fasm", "ps7_top.frames"]:
        raise Usage(f"fasm2frames: {words}")
    if not Path(words[3], PART, "part.yaml").is_file():
        raise Usage(f"fasm2frames: {words[3]} holds no {PART}")
    Path("ps7_top.frames").write_text(
        "0x00000000 0x00000000\n" if likes.get("break") != "fasm2frames" else "0x0",
        encoding="utf-8",
    )
    if likes.get("break") == "fasm2frames":
        print("Traceback (most recent call last):\nKeyError: 'INT_L'")
        sys.exit(1)


def xc7frames2bit(words: list[str], likes: dict[str, object]) -> None:
    expected = [
        "--part_file",
        "--part_name",
        PART,
        "--frm_file",
        "ps7_top.frames",
        "--output_file",
        "ps7_top.bit",
    ]
    if words[:1] + words[2:] != expected or not Path(words[1]).is_file():
        raise Usage(f"xc7frames2bit: {words}")
    from spikeloom.backend.bitstream.bitfile import SYNC, BitFile, dump

    data = (b"\xff" * 32 + SYNC).ljust(LENGTH, b"\0")
    raw = dump(
        BitFile("ps7_top.frames;Generator=xc7frames2bit", PART, "2024/01/01", "00:00:00", data)
    )
    if likes.get("break") == "xc7frames2bit":
        Path("ps7_top.bit").write_bytes(raw[:1000])
        os.abort()
    short = int(str(likes.get("short", 0)))
    raw = dump(
        BitFile(
            "ps7_top.frames;Generator=xc7frames2bit",
            PART,
            "2024/01/01",
            "00:00:00",
            data[: LENGTH - short],
        )
    )
    Path("ps7_top.bit").write_bytes(raw)


def main(name: str, words: list[str]) -> None:
    likes = json.loads(os.environ.get(VARIABLE, "{}"))
    try:
        if name.startswith("nextpnr"):
            nextpnr(name, words, likes)
        else:
            {"fasm2frames": fasm2frames, "xc7frames2bit": xc7frames2bit}[name](words, likes)
    except Usage as error:
        print(f"ERROR: {error}", file=sys.stderr)
        sys.exit(2)


def install(folder: Path, *names: str) -> None:
    """Put programs of these names into a folder for PATH."""
    root = Path(__file__).parents[3]
    for name in names:
        path = folder / name
        lines = (
            f"#!{sys.executable}",
            "import sys",
            f"sys.path[0:0] = [{str(root)!r}, {str(root / 'sw')!r}]",
            "from tests.sw.backend.programs import main",
            f"main({name!r}, sys.argv[1:])",
        )
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


def databases(folder: Path) -> dict[str, str]:
    """Both databases as users have them; the environment variables that say where."""
    (folder / "chipdb").mkdir(parents=True)
    (folder / "chipdb" / "xc7z020clg400.bin").write_bytes(b"chip")
    part = folder / "prjxray-db" / "zynq7" / PART
    part.mkdir(parents=True)
    (part / "part.yaml").write_text("part\n", encoding="utf-8")
    return {"CHIPDB": str(folder / "chipdb"), "PRJXRAY_DB_DIR": str(folder / "prjxray-db")}
