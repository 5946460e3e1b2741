"""Timed processes: generators that wait for times of events which other processes have yet to find
out.

A process yields the :class:`Times` that it waits for (or several: any of them wakes it) and looks
again when it is resumed. Every event has its own index, so the order in which processes run does
not matter to the result.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from spikeloom.errors import SpikeLoomError

if TYPE_CHECKING:
    Longs = array[int]
else:
    Longs = array


class Times(Longs):
    """Cycle numbers of one kind of event, in order; grows by :meth:`push`. Made by
    :meth:`Engine.times`.
    """

    runnable: deque[Process]
    waiting: list[Process]

    def push(self, time: int) -> None:
        self.append(time)
        if self.waiting:
            self.runnable.extend(self.waiting)
            self.waiting.clear()


Process = Iterator[tuple[Times, ...]]


class Channel:
    """A valid/ready border: transfer k happens at ``done[k] = max(offers[k], readys[k])``.

    ``readys[k]`` is the first cycle in which the consumer would take beat k. It stays ready from
    then on.
    """

    def __init__(self, engine: Engine) -> None:
        self.offers = engine.times()
        self.readys = engine.times()
        self.done = engine.times()

    def offer(self, time: int) -> None:
        k = len(self.offers)
        self.offers.push(time)
        if len(self.readys) > k:
            self.done.push(max(time, self.readys[k]))

    def ready(self, time: int) -> None:
        k = len(self.readys)
        self.readys.push(time)
        if len(self.offers) > k:
            self.done.push(max(time, self.offers[k]))


class Engine:
    """Runs processes until all are finished."""

    def __init__(self) -> None:
        self.runnable: deque[Process] = deque()
        self.unfinished: dict[int, str] = {}

    def times(self) -> Times:
        times = Times("q")
        times.runnable, times.waiting = self.runnable, []
        return times

    def channel(self) -> Channel:
        return Channel(self)

    def start(self, name: str, process: Process) -> None:
        self.unfinished[id(process)] = name
        self.runnable.append(process)

    def run(self) -> None:
        """Raises SpikeLoomError if the processes wait for each other for ever, as the hardware
        would.
        """
        while self.runnable:
            process = self.runnable.popleft()
            try:
                waits = next(process)
            except StopIteration:
                self.unfinished.pop(id(process), None)
                continue
            for times in waits:
                times.waiting.append(process)
        if self.unfinished:
            names = ", ".join(sorted(self.unfinished.values()))
            raise SpikeLoomError(
                f"the network never finishes: {names} wait for each other; a FIFO of a residual is"
                " too shallow"
            )
