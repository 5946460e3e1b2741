"""A Vivado for tests: its Tcl commands in a real Tcl interpreter, with a model of a project, of an
IP core and of a block design.
"""
