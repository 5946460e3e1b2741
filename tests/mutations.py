"""``python -m tests.mutations --first 0 --count 12``: whether the tests would notice a fault.

A fault is one operator in the source of the engine that becomes another one. Each is put into a
copy of the hardware, and the two networks of ``test_every_kind`` run on it. A fault that leaves
their Verilog as it is does not count. Of the others almost all must be seen; the rest, which may
change nothing that anybody sees, are shown.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from spikeloom.cache import builds

from tests.import_graph import HOUSES, ROOT

FOLDERS = ("bodies", "engine", "lib", "memory", "neurons")
"""Where faults are put."""

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    one: other
    for pair in (
        (ast.Add, ast.Sub),
        (ast.BitAnd, ast.BitOr),
        (ast.Eq, ast.NotEq),
        (ast.Lt, ast.GtE),
        (ast.Gt, ast.LtE),
    )
    for one, other in (pair, pair[::-1])
}

TEST = "tests/sim/network/test_every_kind.py"

VERILOG = """
import hashlib
import numpy as np
from spikeloom_hw.emit import verilog_text
from tests.networks import random_plan
from tests.sim.network.test_every_kind import LAYERS, SEEDS
for seed in SEEDS:
    text = verilog_text(random_plan(np.random.default_rng(seed), LAYERS))
    print(hashlib.sha256(text.encode()).hexdigest())
"""

SECONDS = 600
"""After which a run has noticed."""

MOST = 0.25
"""Of the faults that change the Verilog: how many may be seen by nobody."""


@dataclass(frozen=True)
class Fault:
    """The ``number``-th operator of a file that has an opposite."""

    path: Path
    number: int

    def put(self, text: str) -> tuple[str, str]:
        """The source with it, and what it does, with its line."""
        tree = ast.parse(text)
        node, operator = operators(tree)[self.number]
        before = ast.unparse(node)
        other = SWAPS[type(operator)]()
        if isinstance(node, ast.Compare):
            node.ops[node.ops.index(operator)] = other
        else:
            node.op = other
        return ast.unparse(tree), f"line {node.lineno}: {before}  ->  {ast.unparse(node)}"


def operators(tree: ast.AST) -> list[tuple[ast.Compare | ast.BinOp | ast.AugAssign, ast.AST]]:
    """Expressions with an operator that has an opposite, in the order of the text."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            found += [(node, operator) for operator in node.ops if type(operator) in SWAPS]
        elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in SWAPS:
            found.append((node, node.op))
    return sorted(found, key=lambda item: (item[0].lineno, item[0].col_offset))


def faults() -> list[Fault]:
    """All of them, shuffled, always the same way."""
    house = HOUSES["spikeloom_hw"]
    found = [
        Fault(path.relative_to(house), number)
        for folder in FOLDERS
        for path in sorted((house / folder).glob("*.py"))
        for number in range(len(operators(ast.parse(path.read_text(encoding="utf-8")))))
    ]
    return [found[k] for k in np.random.default_rng(0).permutation(len(found))]


def called(hardware: Path, *words: str) -> subprocess.CompletedProcess[bytes] | None:
    """Python with this hardware in the place of ours; None where it does not end."""
    path = os.pathsep.join([str(hardware), str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        builds.PLACE: str(ROOT / "build" / "proof" / "cache"),
    }
    try:
        return subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None


def outcome(hardware: Path, usual: bytes) -> str:
    """What becomes of a fault in this hardware."""
    emitted = called(hardware, "-c", VERILOG)
    if emitted is None or emitted.returncode:
        return "seen: no Verilog"
    if emitted.stdout == usual:
        return "not in these networks"
    ran = called(hardware, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", TEST)
    return "seen by the networks" if ran is None or ran.returncode else "not seen"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=12)
    options = parser.parse_args()
    house = HOUSES["spikeloom_hw"]
    seen: Counter[str] = Counter()
    usual = called(house.parent, "-c", VERILOG)
    assert usual is not None and usual.returncode == 0, usual
    for fault in faults()[options.first : options.first + options.count]:
        with tempfile.TemporaryDirectory() as text:
            copy = shutil.copytree(house, Path(text) / house.name)
            source, what = fault.put((house / fault.path).read_text(encoding="utf-8"))
            (copy / fault.path).write_text(source, encoding="utf-8")
            how = outcome(Path(text), usual.stdout)
        seen[how] += 1
        print(f"{how}: {fault.path}, {what}", flush=True)
    counted = seen.total() - seen["not in these networks"]
    print(f"{seen['not seen']} of {counted} faults were not seen")
    return int(seen["not seen"] > MOST * counted)


if __name__ == "__main__":
    sys.exit(main())
