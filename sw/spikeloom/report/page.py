"""One self-contained HTML page: every number says whether it was simulated or estimated, every
picture is inside the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from spikeloom.backend.hls.report import Report
from spikeloom.backend.hls.report import load as hls_report
from spikeloom.backend.yosys import resources
from spikeloom.backend.yosys.synthesis import Synthesis, lines, warnings
from spikeloom.backend.yosys.synthesis import tables as synthesis_tables
from spikeloom.display import count, microseconds, percent, rate
from spikeloom.files import load_json, save_text
from spikeloom.interface.performance import FILE, Performance
from spikeloom.ir.fewer_steps import most_steps
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.plan.plan_file import PLAN_FILE, hashes
from spikeloom.report import estimates, foldings, plots
from spikeloom.report.curve import CURVES, Curve
from spikeloom.report.drawing import draw
from spikeloom.report.layers import planned
from spikeloom.report.membrane import histograms
from spikeloom.report.simulation import layers

PAGE = "report.html"


def environment() -> Environment:
    """Jinja that escapes everything and stops at a name that it does not know."""
    jinja = Environment(
        loader=PackageLoader("spikeloom.report", "."),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for show in (count, rate, percent, microseconds):
        jinja.filters[show.__name__] = show
    jinja.filters["table"] = lambda table: Markup(f'<div class="scroll">{table.html()}</div>')
    return jinja


def measured(performance: Performance) -> dict[str, str]:
    """The pictures of a simulation."""
    images = {
        "density": plots.density([row for row in performance.stream if row.spikes]),
        "cycles": plots.cycles(
            [row for row in performance.stream if row.cycles], performance.images
        ),
    }
    if performance.confusion:
        images["confusion"] = plots.confusion(np.array(performance.confusion, dtype=np.int64))
    return {name: Markup(text) for name, text in images.items()}


def synthesised(found: Synthesis | None) -> dict[str, Any] | None:
    """Tables and lines of a synthesis."""
    if found is None:
        return None
    tables = synthesis_tables(found)
    return {
        "title": tables[0].title,
        "tables": tables,
        "lines": (*lines(found), *warnings(found)),
    }


def render(
    plan: Plan,
    performance: Performance | None,
    words: Ints | None,
    estimate: dict[str, Any] | None,
    synthesis: Synthesis | None = None,
    folding: dict[str, Any] | None = None,
    curve: Curve | None = None,
    hls: Report | None = None,
) -> str:
    """The page's text.

    ``performance`` is what a simulation measured, ``words`` input words (N, C, H, W) for the
    membrane histograms, ``estimate`` the contents of estimate_network_performance.json,
    ``synthesis`` what Yosys made of it, ``folding`` the contents of estimate_folding.json,
    ``curve`` accuracy and latency over the number of time steps, ``hls`` what there is of an HLS
    design. Without a simulation the page says so.
    """
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            plan=plan,
            drawing=draw(plan),
            planned=planned(plan),
            simulated=layers(performance, whole=True) if performance else None,
            estimate=estimate,
            bounds=foldings.bottleneck(plan, folding) if folding is not None else "",
            foldings=foldings.table(folding) if folding is not None else None,
            performance=performance,
            synthesis=synthesised(synthesis),
            curve=curve,
            hls=hls,
            curve_picture=Markup(plots.curve(curve.points)) if curve is not None else "",
            pictures=measured(performance) if performance else {},
            membranes=(
                [Markup(plots.membrane(h)) for h in histograms(plan.graph, words)]
                if words is not None
                else []
            ),
            histogram_images=len(words) if words is not None else 0,
        )
    )


def newer(path: Path, than: Path) -> bool:
    """Whether a file exists and is not older than another: measurements of a plan that is gone are
    none.
    """
    return path.exists() and (
        not than.exists() or path.stat().st_mtime_ns >= than.stat().st_mtime_ns
    )


def curve_of(folder: Path, plan: Plan) -> Curve | None:
    """The curve over the number of time steps, where there is a whole one of this plan."""
    if not (folder / CURVES.file).exists():
        return None
    found = CURVES.load(folder).figures
    return (
        found
        if found.network == hashes(plan).network and len(found.points) == most_steps(plan.graph)
        else None
    )


def write(folder: Path, plan: Plan, words: Ints | None) -> Path:
    """Write ``report.html`` into a compiled network's folder from the JSON files that lie there;
    its path.
    """
    performance = Performance.load(folder) if newer(folder / FILE, folder / PLAN_FILE) else None
    network = folder / estimates.NETWORK_FILE
    estimate = (
        load_json(network, "the estimates of 'spikeloom compile'") if network.exists() else None
    )
    folding = foldings.read(folder) if (folder / foldings.FILE).exists() else None
    synthesis = (
        resources.load(folder) if newer(folder / resources.FILE, folder / PLAN_FILE) else None
    )
    curve, hls = curve_of(folder, plan), hls_report(plan, folder)
    save_text(
        folder / PAGE, render(plan, performance, words, estimate, synthesis, folding, curve, hls)
    )
    return folder / PAGE
