"""Without vendor tools: Yosys, nextpnr and the Project X-Ray database, for a Zynq-7000."""
