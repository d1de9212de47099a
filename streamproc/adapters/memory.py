"""Python's garbage collector, set for a process that keeps millions of small objects for long."""

import gc


def collect_seldom() -> None:
    """Keep the collector from looking through long-lived state all the time: that takes a seventh of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
