"""With Vivado: the folder that it builds from, runs of it, and what its reports say."""
