"""Draw docs/cold-start.svg from the figures of `make bench`: the stages of a cold start."""

import json
import sys
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, BAR, GAP, LEFT, TOP = 720, 26, 14, 190, 46
COLOURS = ["#4c78a8", "#72b7b2", "#f58518", "#54a24b"]


def svg(data: dict) -> str:
    """A bar for each stage, which begins where the previous one ended, and a bar for the floor's start."""
    stages = data["cold start"]
    floor = next(row for row in data["figures"] if row["name"] == "process start to first answer")["figures"][
        0
    ]
    whole = max(stages[-1]["ms"], floor)
    scale = (WIDTH - LEFT - 90) / whole
    rows, before = [], 0.0
    for stage, colour in zip(stages, COLOURS, strict=True):
        rows.append((stage["stage"], before, stage["ms"], colour))
        before = stage["ms"]
    rows.append(("a function that does nothing", 0.0, floor, "#9d9d9d"))
    height = TOP + len(rows) * (BAR + GAP) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        '<text x="10" y="26" font-size="15" fill="#222">From process start to first answer, '
        "over TLS on loopback (ms)</text>",
    ]
    for place, (name, start, end, colour) in enumerate(rows):
        y = TOP + place * (BAR + GAP)
        x, width = LEFT + start * scale, max((end - start) * scale, 1)
        lines.append(
            f'<text x="{LEFT - 8}" y="{y + 18}" text-anchor="end" fill="#222">{escape(name)}</text>'
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'
            f'<text x="{x + width + 6:.1f}" y="{y + 18}" fill="#222">{end:.1f} (+{end - start:.1f})</text>'
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(svg(json.loads(source.read_text())))
