"""Write numbers for people: times, rates and ratios with three significant digits."""

import math

_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_RATES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
NOTHING = "-"
FINEST = 2.5  # an interval's half-width is at least so many of its last digit: rounding moves an end by a fifth at most


def digits(value: float, significant: int = 3) -> str:
    """Write three significant digits, or so many, without an exponent: 1234 is `1230`, 0.01234 is `0.0123`."""
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    decimals = significant - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    places = max(0, significant - 1 - math.floor(math.log10(abs(rounded)))) if rounded else 0
    return f"{rounded:.{places}f}"


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def seconds(value: float | None) -> str:
    """Write a time: `1.42 s`, `26.1 ms`, `412 µs`; a dash for none."""
    if value is None or _missing(value):
        return NOTHING
    if value == 0:
        return "0"
    scale, unit = next(((s, u) for s, u in _TIMES if round(abs(value) / s, 9) >= 0.9995), _TIMES[-1])
    return f"{digits(value / scale)} {unit}"


def rate(value: float | None) -> str:
    """Write a number a second: `31.2k`, `1.2M`."""
    if value is None or _missing(value):
        return NOTHING
    scale, prefix = next(((s, p) for s, p in _RATES if abs(value) / s >= 0.9995), _RATES[-1])
    return f"{digits(value / scale)}{prefix}"


def joules(value: float | None) -> str:
    """Write an energy: `37.7 kJ`, `12.0 J`; a dash for none."""
    text = rate(value)
    number = text.rstrip("GMk")
    return text if text == NOTHING else f"{number} {text.removeprefix(number)}J"


def count(number: int, noun: str) -> str:
    """Write a number of things: `1 regression`, `1,000 regressions`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def ratio(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """Write a speed-up with the digits that its interval supports: `12.3x [11.8, 12.9]`, or alone `12.3x`."""
    if value is None or _missing(value):
        return NOTHING
    if low is None or high is None or _missing(low) or _missing(high) or not math.isfinite(high) or high <= low:
        return f"{digits(value)}x"
    half = (high - low) / 2
    if half < 1e-9 * value:  # nothing but rounding errors
        return f"{digits(value)}x"
    if half > value / 2:  # too wide for digits in common
        return f"{digits(value, 2)}x [{digits(low, 2)}, {digits(high, 2)}]"
    decimals = -math.floor(math.log10(half / FINEST))
    texts = [f"{round(number, decimals):.{max(0, decimals)}f}" for number in (value, low, high)]
    return f"{texts[0]}x [{texts[1]}, {texts[2]}]"
