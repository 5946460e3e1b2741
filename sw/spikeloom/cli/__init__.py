"""The command line: one file per group of commands, and the only place that prints."""
