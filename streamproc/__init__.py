"""Real-time barrage analytics for live commerce."""

__version__ = "0.1.0"
