"""The engine beside its peers: what it costs, as ratios of what is measured in the same round."""
