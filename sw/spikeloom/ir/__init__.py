"""The integer network: number formats, neurons, graph, golden model. Everything else is built on
it.
"""
