"""The pipeline's drawing: every box holds its text, and no box lies on another."""

from __future__ import annotations

import numpy as np
import pytest
from spikeloom.report.drawing import GAP, HEAD, LETTERS, LINE, draw

from tests.networks import random_plan


@pytest.mark.parametrize("seed", range(4))
def test_boxes_hold_their_text_and_lie_apart(seed: int) -> None:
    plan = random_plan(np.random.default_rng(seed), 6)
    found = draw(plan)
    assert [box.title for box in found.boxes] == [
        plan.graph.input.name,
        *(stage.name for stage in plan.stages),
    ]
    corners = {(box.x, box.y) for box in found.boxes}
    assert len(corners) == len(found.boxes) and len(found.arrows) == len(plan.edges)
    for box in found.boxes:
        assert max(map(len, box.lines)) <= LETTERS
        assert HEAD + LINE * len(box.lines) <= found.box_height
        assert 0 < box.x < box.x + found.box_width < found.width
        assert 0 < box.y < box.y + found.box_height < found.height
    columns, rows = (sorted({corner[k] for corner in corners}) for k in (0, 1))
    assert all(b - a == found.box_width + GAP for a, b in zip(columns, columns[1:], strict=False))
    assert all(b - a == found.box_height + GAP for a, b in zip(rows, rows[1:], strict=False))
