"""The cycle model: when everything happens in the engine, from the actual spikes, equal to the
hardware cycle for cycle.
"""

from spikeloom.mapping.cycle_model.timing import (
    BACK_TO_BACK,
    ONE_AT_A_TIME,
    StageTiming,
    StreamCounts,
    Timing,
    simulate,
    simulate_trace,
)

__all__ = [
    "BACK_TO_BACK",
    "ONE_AT_A_TIME",
    "StageTiming",
    "StreamCounts",
    "Timing",
    "simulate",
    "simulate_trace",
]
