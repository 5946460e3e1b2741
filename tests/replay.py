"""Thirty networks and the hash of every file that is made of them: what a change of the house may
not change.

``python -m tests.replay`` says what differs from ``tests/replay.json``; ``--write`` records it
anew. A recorded hash changes only with a commit that means to change what is emitted, and says so.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from spikeloom.backend.hls import project
from spikeloom.errors import SpikeLoomError
from spikeloom.files import hls_templates
from spikeloom.frontend.onnx.write import to_model
from spikeloom.ir import golden
from spikeloom.mapping import cycle_model
from spikeloom.mapping.cycle_model import BACK_TO_BACK, ONE_AT_A_TIME
from spikeloom.mapping.estimate.cycles import limits
from spikeloom.mapping.estimate.resources import plan_costs
from spikeloom.mapping.plan.headroom import with_room
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.plan.plan_file import PLAN_FILE, save
from spikeloom.mapping.plan.runtime_steps import selectable
from spikeloom.mapping.search.schedule import schedule
from spikeloom_hw.emit import load_words, manifest, verilog_text, wrappers

from tests.default_networks import DENSITY, FOLDINGS, default_graph
from tests.networks import random_plan, random_words

FILE = Path(__file__).with_name("replay.json")

Hashes = dict[str, str]


def on_board(board: str, plan: Plan) -> Plan:
    return replace(plan, board=board)


def in_memory(kind: str, plan: Plan) -> Plan:
    """Every layer that has weights keeps them in LUTs, or in block RAM."""
    foldings = {
        name: f if f.body == "max" else replace(f, weights=kind)
        for name, f in plan.foldings.items()
    }
    return plan.folded(foldings)


def loadable(plan: Plan) -> Plan:
    graph, rooms = with_room(plan.graph)
    return replace(plan, graph=graph, rooms=rooms)


def drawn(seed: int) -> Plan:
    """A random network, of which a quarter of all bits is taken to be set."""
    plan = random_plan(seed)
    return replace(
        plan, density={name: 0.25 for name, code in plan.graph.codes.items() if code is not None}
    )


def default_plan(name: str) -> Plan:
    return Plan(default_graph(name), FOLDINGS[name], "pynq-z2", 100.0, DENSITY[name], "tests")


RANDOM = (1, 4, 5, 6, 9, 10, 14, 17, 18, 21, 22, 26, 31, 32, 36, 37, 39)
CHANGES: dict[str, tuple[Callable[[Plan], Plan], tuple[int, ...]]] = {
    "zcu104": (partial(on_board, "zcu104"), (35,)),
    "lut": (partial(in_memory, "lut"), (13,)),
    "block": (partial(in_memory, "block"), (7,)),
    "loadable": (loadable, (10, 23, 35)),
    "selectable": (selectable, (14, 17, 46)),
}

NETWORKS: dict[str, Callable[[], Plan]] = {
    **{f"random-{seed}": partial(drawn, seed) for seed in RANDOM},
    **{name: partial(default_plan, name) for name in FOLDINGS},
    **{
        f"{kind}-{seed}": lambda change=change, seed=seed: change(drawn(seed))  # type: ignore[misc]
        for kind, (change, seeds) in CHANGES.items()
        for seed in seeds
    },
}


def digest(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def hashes(name: str, folder: Path) -> Hashes:
    """Of every file that is made of one network; what cannot be made of it has the kind of the
    refusal in the place of the hash.
    """
    plan = NETWORKS[name]()
    top = verilog_text(plan)
    save(plan, folder)
    found = {"rtl/top.v": digest(top), "plan.json": digest((folder / PLAN_FILE).read_bytes())}
    found |= {f"rtl/{file}": digest(text) for file, text in wrappers(manifest(plan, top)).items()}
    if plan.rooms:
        found["load"] = digest(load_words(plan).astype("<u4").tobytes())
    try:
        found |= {f"hls/{file}": digest(text) for file, text in project.texts(plan).items()}
    except SpikeLoomError as error:
        found["hls"] = type(error).__name__
    found |= {f"figures/{what}": digest(json.dumps(value)) for what, value in figures(plan).items()}
    try:
        found["model.onnx"] = digest(to_model(plan.graph).SerializeToString(deterministic=True))
    except SpikeLoomError as error:
        found["model.onnx"] = type(error).__name__
    return found


def figures(plan: Plan) -> dict[str, object]:
    """What golden model, cycle model, cost model and search say of a network, in plain numbers."""
    words = random_words(np.random.default_rng(0), plan.graph, 3)
    timed = [cycle_model.simulate(plan, words, mode) for mode in (ONE_AT_A_TIME, BACK_TO_BACK)]
    chosen = [schedule(plan.graph, plan.board, words=words, rooms=plan.rooms)]
    if len(plan.graph.nodes) <= 4:
        chosen.append(
            schedule(plan.graph, plan.board, words=words, rooms=plan.rooms, target_fps=50_000)
        )
    return {
        "golden": [values.tolist() for values in golden.trace(plan.graph, words).values()],
        "cycles": [[t.first.tolist(), t.last.tolist(), t.counters()] for t in timed],
        "cost": [
            {name: asdict(cost) for name, cost in plan_costs(p).items()} for p in (plan, *chosen)
        ],
        "limits": [
            [[limit.stage, limit.what, limit.cycles] for limit in limits(p)]
            for p in (plan, *chosen)
        ],
        "folding": [
            {name: list(asdict(f).values()) for name, f in p.foldings.items()} for p in chosen
        ],
        "dealing": [{name: list(order) for name, order in p.dealing.items()} for p in chosen],
    }


def headers() -> Hashes:
    """Of the C++ that is the same for every network, without comments and spacing."""
    return {
        f"hls_templates/{path.relative_to(hls_templates())}": digest(
            " ".join(code(path.read_text(encoding="utf-8"), path.suffix).split())
        )
        for pattern in project.COPIED
        for path in sorted(hls_templates().glob(pattern))
    }


TCL_COMMENT = re.compile(r"(?P<kept>)^\s*#.*$", re.MULTILINE)
COMMENT = re.compile(r"""(?P<kept>"(?:\\.|[^"\\\n])*")|/\*.*?\*/|//[^\n]*""", re.DOTALL)
"""Of C++ and Verilog; what stands in a string is none."""


def code(text: str, suffix: str) -> str:
    """C++, Verilog or Tcl without its comments."""
    comment = TCL_COMMENT if suffix == ".tcl" else COMMENT
    return comment.sub(lambda found: found["kept"] or " ", text)


def one(name: str) -> tuple[str, Hashes]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        return name, hashes(name, Path(folder))


def recorded() -> dict[str, Hashes]:
    data: dict[str, Hashes] = json.loads(FILE.read_text(encoding="utf-8"))
    return data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="some of the networks; all if none is named")
    parser.add_argument("--write", action="store_true", help="record them, instead of comparing")
    options = parser.parse_args()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = {**dict(pool.map(one, options.names or NETWORKS)), "headers": headers()}
    if options.write:
        found = {**recorded(), **found} if options.names else found
        FILE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return
    before = recorded()
    differences = [
        f"{name}: {file}"
        for name in sorted(found if options.names else before | found)
        for file in sorted(before.get(name, {}) | found.get(name, {}))
        if before.get(name, {}).get(file) != found.get(name, {}).get(file)
    ]
    print(
        "\n".join(differences)
        or f"{len(found) - 1} networks, {sum(map(len, found.values()))} files: all as recorded"
    )
    raise SystemExit(bool(differences))


if __name__ == "__main__":
    main()
