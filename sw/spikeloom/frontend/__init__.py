"""From a model to exact integers: readers, the lowering to integer neurons with its proof,
freezing.
"""
