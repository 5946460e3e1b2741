"""Cycles and resources of a plan, before anything is built: closed forms, all of them estimates."""
