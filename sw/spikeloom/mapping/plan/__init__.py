"""The plan: the network cut into engines, with every width, depth and folding number settled."""
