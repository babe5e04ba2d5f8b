"""Which networks to train, and where they are kept."""
