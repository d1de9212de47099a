"""A confusion matrix as an SVG."""

from collections.abc import Sequence

_CELL, _LEFT, _TOP = 90, 110, 50


def confusion_svg(names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Draw counts (rows gold, columns said); a cell is darker the larger its share of the row."""
    size = _CELL * len(names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + size + 20}" height="{_TOP + size + 20}">',
        "<style>text { font: 14px sans-serif }</style>",
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for row, name in enumerate(names):
        middle = _TOP + row * _CELL + _CELL // 2
        parts.append(f'<text x="{_LEFT - 10}" y="{middle}" text-anchor="end">{name}</text>')
        across = _LEFT + row * _CELL + _CELL // 2
        parts.append(f'<text x="{across}" y="{_TOP - 15}" text-anchor="middle">{name}</text>')
        total = max(sum(counts[row]), 1)
        for column, count in enumerate(counts[row]):
            share = count / total
            shade = round(255 - 200 * share)
            left, top = _LEFT + column * _CELL, _TOP + row * _CELL
            ink = "white" if share > 0.6 else "black"
            parts.append(
                f'<rect x="{left}" y="{top}" width="{_CELL}" height="{_CELL}" fill="rgb({shade},{shade},255)"/>'
            )
            parts.append(f'<text x="{left + _CELL // 2}" y="{middle}" text-anchor="middle" fill="{ink}">{count}</text>')
    return "\n".join([*parts, "</svg>", ""])
