"""From an emitted network to a bitstream: with Vivado, or for a PYNQ-Z2 with open tools. Every tool
is called by name from PATH.
"""
