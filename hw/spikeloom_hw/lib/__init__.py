"""Small parts that every component may use: trees, counters, multiplexers, streams."""
