"""SpikePack against LIF: the same network in both neurons."""
