"""Maintainers' measurements and simulations; not in the wheel. ``python -m benchmarks --help``.

A measurement is a file with a function ``measure(settings, say) -> Measurement``, and its name in
`MEASUREMENTS`.
"""

MEASUREMENTS = (
    "growth",
    "many_networks",
    "end_to_end",
    "cluster",
    "recording",
    "driver",
    "reading",
    "published_loop",
    "kernel",
)
