"""The AXI shell around a network: control registers, a memory reader and writer, measurements. No
vendor IP.
"""
