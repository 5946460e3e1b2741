"""Training: loop, data, zoo."""
