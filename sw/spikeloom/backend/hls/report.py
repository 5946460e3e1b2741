"""``report/hls.json``: cycles of the HLS design beside those of the RTL, and what Vitis HLS made of
it where it ran.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from spikeloom.backend.hls.csim import CSimulation
from spikeloom.backend.hls.estimate import SYNTHESISED, Estimate, Row, estimate
from spikeloom.backend.hls.synthesis import Synthesis
from spikeloom.display import Table, count
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json, save_json
from spikeloom.interface import performance
from spikeloom.mapping.estimate.cycles import expected_cycles
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.plan.plan_file import hashes

FILE = Path("report") / "hls.json"

COUNTED = "counted in C simulation"


def busy_of(plan: Plan, run: CSimulation | None) -> tuple[dict[str, float], str]:
    """Cycles of every layer's scan, per image, and where they are from."""
    if run is None:
        return {
            s.name: expected_cycles(s, plan.density[s.layer.source]) for s in plan.stages
        }, f"share of set bits {plan.density_source}"
    mean = dict(zip(run.engines, run.busy.mean(axis=0).tolist(), strict=True))
    return {
        stage.name: mean[stage.name] for stage in plan.stages
    }, f"{COUNTED}, {len(run.words)} images"


def rtl_of(plan: Plan, folder: Path) -> tuple[dict[str, float], str]:
    """Busy cycles of every layer of the RTL, per image: simulated where there was a simulation of
    this plan, else estimated.
    """
    path = folder / performance.FILE
    if path.exists() and path.stat().st_mtime_ns >= (folder / "plan.json").stat().st_mtime_ns:
        found = performance.Performance.load(folder)
        rows = {row.name: row.busy / found.images for row in found.stream}
        if all(stage.name in rows for stage in plan.stages):
            return rows, "simulated"
    return busy_of(plan, None)[0], "estimated"


def estimated(plan: Plan, folder: Path, run: CSimulation | None) -> Estimate:
    """The estimate of a plan in its folder; ``run`` tells how long the scans of real images
    take.
    """
    return estimate(plan, *busy_of(plan, run), *rtl_of(plan, folder))


@dataclass(frozen=True)
class Report:
    """The contents of the file; ``synthesis`` is None where Vitis HLS did not run."""

    estimate: Estimate
    synthesis: Synthesis | None

    @property
    def table(self) -> Table:
        """The rows of the estimate."""
        rows = tuple(
            (row.layer, count(row.cycles), row.process, count(row.rtl_cycles), row.rtl_source)
            for row in self.estimate.rows
        )
        return Table(
            f"{self.estimate.network}: cycles per image",
            ("layer", "HLS", "slowest process", "RTL, busy", "RTL is"),
            rows,
        )

    @property
    def lines(self) -> tuple[str, ...]:
        """What is to be said beside the table."""
        found, made = self.estimate, self.synthesis
        said = (
            f"HLS: {found.source}; II = 1, {found.entry_cycles} cycles per entry of a loop, scans:"
            f" {found.scans}. Interval {count(found.interval)} cycles."
        )
        if made is None:
            return (said,)
        taken = ", ".join(f"{count(taken)} {name}" for name, taken in made.resources.items())
        low, high = ("by data" if n is None else count(n) for n in made.interval)
        return (
            said,
            (
                f"Vitis HLS {made.version}, {made.part}: {made.source}; clock {made.clock_ns:g} ns"
                f" of {made.target_ns:g}, interval {low} to {high} cycles, {taken}."
            ),
        )


def write(plan: Plan, folder: Path, found: Estimate, synthesis: Synthesis | None) -> Report:
    """Write the file; a synthesis of the same plan that is there stays, and then the estimate says
    so.
    """
    before = load(plan, folder)
    kept = before.synthesis if before is not None and synthesis is None else synthesis
    made = Report(found if kept is None else replace(found, source=SYNTHESISED), kept)
    (folder / FILE).parent.mkdir(parents=True, exist_ok=True)
    save_json(
        folder / FILE,
        {
            "plan": hashes(plan).network,
            "estimate": asdict(made.estimate),
            "synthesis": asdict(kept) if kept is not None else None,
        },
    )
    return made


def load(plan: Plan, folder: Path) -> Report | None:
    """What the file says; None where there is none, or one of another plan. Raises SpikeLoomError
    where it is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    content = load_json(path, "what 'spikeloom hls' reports")
    try:
        if content["plan"] != hashes(plan).network:
            return None
        rows = tuple(Row(**row) for row in content["estimate"]["rows"])
        made = content["synthesis"]
        pairs = (
            {key: tuple(made[key]) for key in ("latency", "interval")} if made is not None else {}
        )
        return Report(
            Estimate(**{**content["estimate"], "rows": rows}),
            Synthesis(**{**made, **pairs}) if made is not None else None,
        )
    except (KeyError, TypeError) as error:
        raise SpikeLoomError(
            f"{path}: expected what 'spikeloom hls' reports, found something else ({error}); run it"
            " again"
        ) from error
