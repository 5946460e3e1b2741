"""The benchmark: the networks of published accelerators, trained, folded, simulated cycle by cycle
and synthesised, in one table.
"""
