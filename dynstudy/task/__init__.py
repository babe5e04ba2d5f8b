"""What is trained: the spiral, the network, the schedule and the losses of arXiv:2410.10690."""
