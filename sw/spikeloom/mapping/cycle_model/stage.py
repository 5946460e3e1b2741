"""One stage as timed processes: line buffer, fetch and scan, head (docs/explanation/engine.md,
"Stage = source + body + head").
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from spikeloom.mapping.cycle_model.events import Channel, Process, Times
from spikeloom.mapping.cycle_model.scan import Work
from spikeloom.mapping.plan.fifo_depth import last_tap
from spikeloom.mapping.plan.plan import Stage


def longs() -> array[int]:
    return array("q")


@dataclass(frozen=True)
class Passes:
    """What the scan did: of every pass the cycle before its first, its last pop and its advance."""

    before: array[int] = field(default_factory=longs)
    last_pop: array[int] = field(default_factory=longs)
    advance: array[int] = field(default_factory=longs)


@dataclass(frozen=True)
class Held:
    """Per pass, how far its pops hold back later fetches, as ``f - k``: all of them, and all but
    the last two.
    """

    whole: Times
    but_two: array[int] = field(default_factory=longs)


def freed_rows(stage: Stage) -> list[int]:
    """Per output row: input rows of the image that are free once it is fetched."""
    height, stride, top = stage.i_shape[1], stage.layer.stride[0], stage.layer.padding[0]
    rows = [min(max((y + 1) * stride - top, 0), height) for y in range(stage.o_shape[1])]
    return rows[:-1] + [height]


def needed_beats(stage: Stage) -> list[int]:
    """Per step: beats of the image that must be written before its first fetch."""
    _, height, width = stage.i_shape
    rows = last_tap(
        stage.o_shape[1],
        height,
        stage.layer.kernel[0],
        stage.layer.stride[0],
        stage.layer.padding[0],
    )
    columns = last_tap(
        stage.o_shape[2],
        width,
        stage.layer.kernel[1],
        stage.layer.stride[1],
        stage.layer.padding[1],
    )
    columns = columns.reshape(-1, stage.folding.windows).max(axis=1)
    return [int(row * width + column + 1) * stage.beats for row in rows for column in columns]


def line_buffer(stage: Stage, into: Channel, released: Times, images: int) -> Process:
    """Announces room; ``released`` has the fetch that ends each output row. Write times are
    ``into.done``.
    """
    row_beats = stage.i_shape[2] * stage.beats
    image_beats = stage.i_shape[1] * row_beats
    freed = freed_rows(stage)
    k, free = 0, 0
    room = stage.rows * row_beats
    for image in range(images):
        for row, rows in enumerate(freed):
            while k < min(room, images * image_beats):
                into.ready(free)
                k += 1
            index = image * len(freed) + row
            while len(released) <= index:
                yield (released,)
            free = released[index] + 1
            room = stage.rows * row_beats + image * image_beats + rows * row_beats
    while k < images * image_beats:
        into.ready(free)
        k += 1


def fetch(
    stage: Stage, into: Channel, fetched: Times, released: Times, held: Held, images: int
) -> Process:
    """Reads one word a cycle; ``fetched`` gets the first fetch of every pass.

    Fetch number k is held back by the pop of word k - depth; ``gap`` is ``f - k``, which only
    grows. For the last fetch of pass p that counts the pops of pass p-1 but the last two; with
    passes of two words those of pass p-2, and with one word those of pass p-3. The first fetch of a
    pass needs no pops (but with one word): its start waits for the pass before, which is longer
    than that.
    """
    words = stage.pass_words
    needed, image_beats = needed_beats(stage), stage.i_shape[1] * stage.i_shape[2] * stage.beats
    passes, row_steps = stage.folds * stage.planes, stage.o_shape[2] // stage.folding.windows
    writes, but_two, whole = into.done, held.but_two, held.whole
    gap, number = -(1 << 60), 0
    for image in range(images):
        for step, need in enumerate(needed):
            need += image * image_beats
            for index in range(passes):
                if words == 1 and number >= 3:
                    while len(whole) < number - 2:
                        yield (whole,)
                    gap = max(gap, whole[number - 3])
                if index == 0:
                    while len(writes) < need:
                        yield (writes,)
                    gap = max(gap, writes[need - 1] + 1 - number * words)
                fetched.push(gap + number * words)
                if words == 2 and number >= 2:
                    while len(whole) < number - 1:
                        yield (whole,)
                    gap = max(gap, whole[number - 2])
                if words > 2 and number >= 1:
                    while len(whole) < number:
                        yield (whole,)
                    gap = max(gap, but_two[number - 1])
                number += 1
            if (step + 1) % row_steps == 0:
                released.push(gap + number * words - 1)


def scan(
    stage: Stage,
    work: Work,
    images: int,
    fetched: Times,
    held: Held,
    commits: Times,
    takes: Times,
    passes: Passes,
) -> Process:
    """Queues, barrier and credits: pass after pass."""
    words, depth, planes = stage.pass_words, stage.pass_words + 2, stage.planes
    advance, number = -1, 0
    for image in range(images):
        for index, (cost, two, all_) in enumerate(work.image(image)):
            while len(fetched) <= number:
                yield (fetched,)
            start = max(advance + 1, fetched[number] + 2)
            advance = last_pop = start + cost - 1
            back = start + 1 - number * words - depth
            held.but_two.append(back + two)
            held.whole.push(back + all_)
            if stage.per_step or (index + 1) % planes == 0:
                needed = len(commits) - stage.result_depth
                while len(takes) <= needed:
                    yield (takes,)
                if needed >= 0:
                    advance = max(advance, takes[needed] + 1)
                commits.push(advance)
            passes.before.append(start - 1)
            passes.last_pop.append(last_pop)
            passes.advance.append(advance)
            number += 1


def head(
    stage: Stage, results: int, commits: Times, skips: Times | None, takes: Times, out: Channel
) -> Process:
    """Takes results (with those of the residual) and offers outputs; ``takes`` gives the credits
    back.
    """
    skip_cycles = stage.skip_stage.body_cycles if stage.skip_stage is not None else 0
    repeat = stage.planes if stage.per_step else 1
    free = 0
    for c in range(results):
        while len(commits) <= c:
            yield (commits,)
        time = max(free, commits[c] + stage.body_cycles + 1)
        if skips is not None:
            while len(skips) <= c:
                yield (skips,)
            time = max(time, skips[c] + skip_cycles + 1)
        takes.push(time)
        free = time + stage.neuron_cycles
        if (c + 1) % repeat == 0:
            k = len(out.offers)
            out.offer(free)
            while len(out.done) <= k:
                yield (out.done,)
            free = out.done[k]
