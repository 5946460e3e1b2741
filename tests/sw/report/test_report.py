"""The report: numbers survive the file, the page holds everything itself, and no name of a network
becomes markup.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError
from markupsafe import escape
from spikeloom.errors import SpikeLoomError
from spikeloom.interface import performance
from spikeloom.interface.figures import Spread
from spikeloom.interface.performance import LayerFigures, Performance
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import SpikePack
from spikeloom.ir.nodes import Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.search.explain import reasons
from spikeloom.report import foldings, page
from spikeloom.report.membrane import histograms

from tests.networks import random_foldings, random_graph, random_words

HOSTILE = "</svg><script>alert(1)</script>$\\frac{&"


def renamed(graph: Graph, first: str) -> Graph:
    """The same network with another name for its first layer."""
    old = graph.nodes[1].name

    def new(name: str | None) -> str | None:
        return first if name == old else name

    nodes = []
    for node in graph.nodes:
        changes = {
            field: new(getattr(node, field))
            for field in ("name", "source", "skip")
            if hasattr(node, field)
        }
        nodes.append(dataclasses.replace(node, **changes))
    return dataclasses.replace(graph, name=first, nodes=tuple(nodes))


def plan_of(seed: int, name: str | None = None) -> Plan:
    graph = random_graph(seed, 3)
    if name is not None:
        graph = renamed(graph, name)
    return Plan(
        graph,
        random_foldings(seed, graph),
        "pynq-z2",
        100.0,
        {node.name: 0.25 for node in graph.nodes},
        "assumed",
    )


def figures(plan: Plan, images: int) -> tuple[LayerFigures, ...]:
    rows = []
    for k, node in enumerate(plan.graph.nodes):
        code = plan.graph.codes[node.name]
        spikes = tuple(range(1, code.steps + 1)) if code is not None else ()
        rows.append(
            LayerFigures(node.name, "kind", 40 * images, spikes, 3, 5 * k, 10 * k, 7 * k, k)
        )
    return tuple(rows)


def measured(plan: Plan) -> Performance:
    rows = figures(plan, 4)
    return Performance(
        plan.graph.name,
        "pynq-z2",
        100.0,
        4,
        Spread(1, 2, 3, 4, 2.5),
        Spread(12, 12, 13, 13, 12.5),
        rows,
        rows,
        {"torch": 0.75, "RTL": 0.75},
        ("golden", "RTL"),
        ((3, 1), (0, 0)),
    )


class Outline(HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href")
        ]


def outline(text: str) -> Outline:
    parser = Outline()
    parser.feed(text)
    return parser


def test_measurements_survive_the_file(tmp_path: Path) -> None:
    before = measured(plan_of(1))
    before.save(tmp_path)
    assert Performance.load(tmp_path) == before
    written = json.loads((tmp_path / performance.FILE).read_text(encoding="utf-8"))
    assert (
        written["source"] == "simulated"
        and written["throughput[images/s]"] == 8e6
        and written["latency[us]"]["median"] == 0.02
    )


def test_foreign_measurements_are_one_line(tmp_path: Path) -> None:
    for text in ("{}", "[]", '{"schema": 2, "single": [{}], "stream": []}'):
        (tmp_path / performance.FILE).write_text(text, encoding="utf-8")
        with pytest.raises(SpikeLoomError, match=performance.FILE):
            Performance.load(tmp_path)


def test_figures_of_an_earlier_version_say_how_to_go_on(tmp_path: Path) -> None:
    """They had no number of their format."""
    (tmp_path / performance.FILE).write_text('{"interval_cycles": 3.5}', encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="schema 2, found none; run 'spikeloom sim' again$"):
        Performance.load(tmp_path)


def test_confusion_counts_every_image_once() -> None:
    outputs = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 3.0]])
    assert performance.confusion(outputs, np.array([0, 0, 1])) == ((1, 1), (0, 1))


def test_page_holds_everything_itself_and_is_the_same_twice() -> None:
    plan = plan_of(2)
    words = random_words(np.random.default_rng(0), plan.graph, 5)
    text = page.render(plan, measured(plan), words, None)
    assert text == page.render(plan, measured(plan), words, None)
    seen = outline(text)
    assert all(address.startswith(("data:", "#")) for address in seen.addresses)
    assert "script" not in seen.tags and "link" not in seen.tags
    assert (
        seen.tags.count("svg") >= 4
        and "simulated" in text
        and "estimated" in text
        and "nan" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.S)
    )


def test_names_never_become_markup() -> None:
    plan = plan_of(3, HOSTILE)
    words = random_words(np.random.default_rng(0), plan.graph, 2)
    text = page.render(plan, measured(plan), words, None)
    assert "script" not in outline(text).tags and "alert(1)</script>" not in text


def test_page_without_a_simulation_says_so() -> None:
    text = page.render(plan_of(4), None, None, None)
    assert "Not simulated yet" in text


def test_page_says_why_it_is_folded_like_this() -> None:
    plan = plan_of(3)
    folding = foldings.contents(plan, reasons(plan))
    text = page.render(plan, None, None, None, None, folding)
    assert (
        "Why it is folded like this" in text and escape(foldings.bottleneck(plan, folding)) in text
    )
    for row in foldings.table(folding).rows:
        assert all(escape(cell) in text for cell in row)
    assert "Why it is folded" not in page.render(plan, None, None, None)


def test_a_forgotten_name_stops_the_page() -> None:
    with pytest.raises(UndefinedError):
        page.environment().from_string("{{ forgotten }}").render()


@pytest.mark.parametrize("seed", range(10))
def test_drives_are_what_the_neurons_fire_on(seed: int) -> None:
    graph = random_graph(seed, 3)
    seen = golden.trace(graph, random_words(np.random.default_rng(seed), graph, 3))
    for layer in graph.layers:
        if layer.neuron.fires:
            u = layer.drives([seen[source] for source in layer.inputs], graph.formats(layer))
            neuron = layer.neuron
            fired = neuron.fire_steps(u) if graph.per_step(layer) else neuron.fire(u[0])
            assert np.array_equal(fired, seen[layer.name])


def test_histograms_count_every_drive() -> None:
    graph = random_graph(5, 4)
    words = random_words(np.random.default_rng(5), graph, 4)
    seen = golden.trace(graph, words)
    for histogram in histograms(graph, words):
        layer = graph[histogram.name]
        assert isinstance(layer, Layer)
        words_in = [seen[source] for source in layer.inputs]
        count = layer.drives(words_in, graph.formats(layer)).size
        assert histogram.counts.sum() in (count, count // layer.weight.shape[0])


def test_signed_codes_have_all_their_thresholds() -> None:
    one = np.ones(1, dtype=np.int64)
    layer = Layer(
        "n",
        "x",
        one.reshape(1, 1, 1, 1),
        SpikePack(Code(3, signed=True), one, 0 * one),
        0 * one,
        0 * one,
        0 * one,
    )
    from spikeloom.report.membrane import histogram

    assert np.array_equal(
        histogram(layer, np.arange(-4, 12).reshape(1, 1, 1, 1, -1)).marks, np.arange(1, 8)
    )


def test_measurements_of_a_plan_that_is_gone_are_not_shown(tmp_path: Path) -> None:
    plan = plan_of(6)
    measured(plan).save(tmp_path)
    (tmp_path / "plan.json").write_text("", encoding="utf-8")
    os.utime(tmp_path / "plan.json", ns=(1, 1))
    assert "Not simulated yet" not in page.write(tmp_path, plan, None).read_text(encoding="utf-8")
    os.utime(tmp_path / performance.FILE, ns=(0, 0))
    assert "Not simulated yet" in page.write(tmp_path, plan, None).read_text(encoding="utf-8")
