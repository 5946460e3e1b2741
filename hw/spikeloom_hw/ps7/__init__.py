"""The processing system of a Zynq-7000 without vendor IP: its primitive, and the bridges between
its AXI3 ports and the shell.
"""
