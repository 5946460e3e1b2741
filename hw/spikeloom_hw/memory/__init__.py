"""Memories: weights, parameters, and what loads them at run time."""
