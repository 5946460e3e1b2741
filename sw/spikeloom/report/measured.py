"""A measurement as one self-contained HTML page, the same from a board and from a simulated one."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from spikeloom.display import Table
from spikeloom.driver.measurement import (
    DEFINITIONS,
    Measurement,
    power,
    rates,
    stages,
    streams,
    timing,
)
from spikeloom.files import save_text
from spikeloom.report import plots
from spikeloom.report.page import environment

PAGE = "measure.html"


def render(measurement: Measurement) -> str:
    """The page's text."""
    m = measurement
    drawn = {
        "latency": plots.latency(
            m.latencies, {"median": m.latency.median, "99 %": m.latency.p99}, m.source
        ),
        "sparsity": plots.planes([(stream.name, stream.sparsity) for stream in m.streams], 1.0),
        "cycles": plots.cycles([stage for stage in m.stream if stage.cycles], m.images, m.source),
    }
    return (
        environment()
        .get_template("measured.html.j2")
        .render(
            m=m,
            timing=timing(m),
            rates=rates(m),
            power=power(m),
            streams=streams(m),
            stages=stages(m),
            pictures={name: Markup(text) for name, text in drawn.items()},
            definitions=Table("", ("", ""), tuple(DEFINITIONS.items())),
        )
    )


def write(measurement: Measurement, path: Path) -> None:
    """Write the page."""
    save_text(path, render(measurement))
