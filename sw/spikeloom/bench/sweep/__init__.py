"""Trains a network over a grid of settings and finds the points that no other one beats in
everything.
"""
