"""Draw the charts of docs/performance.md from the figures of `make bench`.

`chart.py BENCH.json docs` writes two charts: cold-start.svg has the stages of a cold start on loopback, and
first-alarm.svg the stages of a first alarm at 128 MB, with round trips.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, BAR, GAP, LEFT, TOP = 720, 26, 14, 225, 46
COLOURS = ["#4c78a8", "#72b7b2", "#b279a2", "#f58518", "#54a24b"]
GREY, NETWORK = "#9d9d9d", "#d0d0d0"


class Bar(NamedTuple):
    """A span of time in milliseconds. The network takes at least the part `network` of it."""

    name: str
    start: float
    end: float
    colour: str
    network: float = 0.0


def svg(title: str, bars: list[Bar]) -> str:
    """The bars below each other. The network's part of a bar comes last, in light grey."""
    scale = (WIDTH - LEFT - 110) / max(bar.end for bar in bars)
    height = TOP + len(bars) * (BAR + GAP) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="26" font-size="15" fill="#222">{escape(title)}</text>',
    ]
    for place, bar in enumerate(bars):
        y = TOP + place * (BAR + GAP)
        x, end = LEFT + bar.start * scale, LEFT + bar.end * scale
        network = min(bar.network, bar.end - bar.start) * scale
        own = max(end - x - network, 0 if network else 1)
        lines.append(
            f'<text x="{LEFT - 8}" y="{y + 18}" text-anchor="end" fill="#222">{escape(bar.name)}</text>'
            f'<rect x="{x:.1f}" y="{y}" width="{own:.1f}" height="{BAR}" fill="{bar.colour}"/>'
        )
        if network:
            lines.append(
                f'<rect x="{x + own:.1f}" y="{y}" width="{network:.1f}" height="{BAR}" fill="{NETWORK}"/>'
            )
        lines.append(
            f'<text x="{max(x + own + network, end) + 6:.1f}" y="{y + 18}" fill="#222">'
            f"{bar.end:.1f} (+{bar.end - bar.start:.1f})</text>"
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


def cold_start(data: dict) -> str:
    """Each stage begins where the previous one ended. The last bar is the floor's start."""
    stages = data["cold start"]
    row = next(row for row in data["figures"] if row["name"] == "process start to first answer")
    starts = [0.0, *(stage["ms"] for stage in stages)]
    bars = [
        Bar(stage["stage"], start, stage["ms"], colour)
        for stage, start, colour in zip(stages, starts, COLOURS, strict=False)
    ]
    bars.append(Bar("a function that does nothing", 0.0, row["figures"][0], GREY))
    return svg("From process start to first answer, over TLS on loopback (ms)", bars)


def first_alarm(data: dict) -> str:
    """The stages, which may overlap, and two bars of what cannot be avoided."""
    alarm = data["first alarm"]
    bars = [
        Bar(stage["stage"], stage["from"], stage["to"], colour, stage["network"])
        for stage, colour in zip(alarm["stages"], COLOURS, strict=True)
    ]
    bars.append(Bar("the network alone", 0.0, alarm["network"], GREY, alarm["network"]))
    bars.append(Bar("a function that does nothing", 0.0, alarm["floor"], GREY))
    return svg(f"A first alarm, {alarm['setting']}, with round trips (ms); light grey: the network", bars)


if __name__ == "__main__":
    source, folder = map(Path, sys.argv[1:])
    figures = json.loads(source.read_text())
    (folder / "cold-start.svg").write_text(cold_start(figures))
    (folder / "first-alarm.svg").write_text(first_alarm(figures))
