"""What writes for, and calls, the tools that build hardware: HLS, Yosys, Vivado, nextpnr; and the
folder for a board.
"""
