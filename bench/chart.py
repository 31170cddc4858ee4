"""A drawing of the results: for every network a bar for each peer, as long as the peer's time over nnc's."""

import math
from xml.sax.saxutils import escape

import networks
import peers
from tables import ratio, rivals

COLORS = {"onnxruntime": "#5b8fd6", "openvino": "#b07cc6", "iree": "#d9a441"}
LEFT, WIDTH, BAR, GAP, TOP = 170, 900, 11, 12, 46
LEAST, MOST = 0.25, 16.0  # ends of the logarithmic axis


def _x(value):
    value = min(max(value, LEAST), MOST)
    return LEFT + (WIDTH - LEFT - 50) * math.log(value / LEAST) / math.log(MOST / LEAST)


def draw(results, threads):
    """SVG text; colours that can be read on white and on black."""
    others, parts, y = rivals(results), [], TOP
    for name in networks.NETWORKS:
        row = results["rows"].get(f"{name}@{threads}")
        ratios = [(peer, ratio(row["peers"], peer)) for peer in others] if row else []
        if not any(value for _, value in ratios):
            continue
        middle = y + BAR * len(ratios) / 2 + 4
        parts.append(f'<text x="{LEFT - 8}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>')
        for peer, value in ratios:
            if value:
                left, right = sorted((_x(1), _x(value)))
                parts.append(
                    f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 1):.1f}" height="{BAR - 1}" '
                    f'fill="{COLORS[peer]}"/>'
                )
                parts.append(
                    f'<text class="n" x="{max(right, _x(1)) + 4:.1f}" y="{y + 9}">{value:.2f}</text>'
                )
            y += BAR
        y += GAP
    axis = []
    value = LEAST
    while value <= MOST:
        axis.append(
            f'<line class="{"one" if value == 1 else "grid"}" x1="{_x(value):.1f}" x2="{_x(value):.1f}" '
            f'y1="{TOP - 6}" y2="{y}"/><text x="{_x(value):.1f}" y="{TOP - 10}" text-anchor="middle">{value:g}</text>'
        )
        value *= 2
    legend, x = [], LEFT
    for peer in others:
        legend.append(
            f'<rect x="{x}" y="8" width="11" height="11" fill="{COLORS[peer]}"/>'
            f'<text x="{x + 16}" y="18">{escape(peers.TITLES[peer])} / nnc</text>'
        )
        x += 150
    style = (
        "text{font:12px system-ui,sans-serif;fill:#7a828e}.n{font-size:9px}.grid{stroke:#7a828e;opacity:.3}"
        ".one{stroke:#7a828e;stroke-width:1.5}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 8}" width="{WIDTH}">\n'
        f"<style>{style}</style>\n" + "\n".join(axis + parts + legend) + "\n</svg>\n"
    )
