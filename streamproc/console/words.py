"""Numbers as people read them: short, with their unit, and a dash for what is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN: Final = "-"

_SYMBOLS: Final = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$", "MYR": "RM", "SGD": "S$"}
#: ISO 4217 currencies without minor units that live commerce sells in.
_WHOLE: Final = frozenset({"JPY", "KRW", "VND", "CLP"})


def count(number: int | None) -> str:
    """Return 950, 12,345 or 1.2M."""
    if number is None:
        return UNKNOWN
    return f"{number:,}" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"


def age(ms: float | None) -> str:
    """Return a time that has passed: 8 s, 2:05, 1:02:03."""
    if ms is None:
        return UNKNOWN
    seconds = max(0, int(ms // 1000))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes}:{seconds:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def share(value: float | None) -> str:
    """Return a share as percent."""
    return UNKNOWN if value is None else f"{value:.0%}"


def money(amounts: Mapping[str, int] | None) -> str:
    """Return amounts of minor units, each in its currency; they are never added up."""
    shown = [_amount(currency, minor) for currency, minor in sorted((amounts or {}).items()) if minor]
    return " ".join(shown) or UNKNOWN


def _amount(currency: str, minor: int) -> str:
    value = minor if currency in _WHOLE else minor / 100
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    return f"{symbol}{value:,.0f}" if abs(value) < 10_000_000 else f"{symbol}{value / 1_000_000:,.1f}M"


def rate(per_second: float | None) -> str:
    """Return events a second."""
    if per_second is None:
        return UNKNOWN
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second:.1f}/s"
