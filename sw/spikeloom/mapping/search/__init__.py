"""The search for the best folding of a network: what is legal, what it costs, and which choice of
all stages fits a board.
"""
