"""Which of three equations a fused kernel follows for a loss; a static one is its case A = 1."""

CROSS_ENTROPY, WEIGHTED_SQUARES, WEIGHTED_TARGETS = range(3)  # eqs. 2, 3 and 4

KINDS = {
    "ce": CROSS_ENTROPY,
    "dce": CROSS_ENTROPY,
    "mse": WEIGHTED_SQUARES,
    "dmse1": WEIGHTED_SQUARES,
    "dmse2": WEIGHTED_TARGETS,
}
