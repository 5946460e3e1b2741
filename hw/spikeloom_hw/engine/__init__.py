"""The engine of one layer: spike source, accumulator array, neuron units, counters."""
