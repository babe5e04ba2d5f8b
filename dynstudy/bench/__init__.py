"""What dynstudy costs: the engine beside its peers, how it scales, a map, reading a large one.

Each kind of measurement is a module with one function ``measure(settings, say) -> Measured``;
`dynstudy.bench.settings.MEASUREMENTS` lists them in order.
"""
