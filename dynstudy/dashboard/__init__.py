"""The dashboard as a server: who may ask what, on which address, and how fast it answers."""
