"""The ratios as a plot: one lane a workload and value size, one dot a store, logarithmic."""

import math
from html import escape

import figures
import report

# Those that the eye should find; the others are grey.
COLORS = {"crate": "#d1495b", "floor": "#2f9e62"}
BEST_COLOR = "#3182bd"
OTHER_COLOR = "#9aa4ae"
RATIO_MIN, RATIO_MAX = 1 / 1000, 1000
TICKS = (0.001, 0.01, 0.1, 1, 10, 100, 1000)

LABEL_WIDTH, PANEL_WIDTH, NAME_WIDTH = 250, 560, 190
LANE_HEIGHT = 20
HEADER_HEIGHT, FOOTER_HEIGHT, MARGIN = 84, 28, 16

STYLE = """
    .ground { fill: #ffffff; } .panel { fill: #f4f5f7; } .one { stroke: #57606a; stroke-width: 1.5; }
    .tick { stroke: #d5d9de; } .text { fill: #24292f; } .faint { fill: #57606a; }
    text { font-family: system-ui, sans-serif; font-size: 12px; }
    .title { font-size: 16px; font-weight: 600; } .small { font-size: 10px; }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117; } .panel { fill: #161b22; } .one { stroke: #9da7b1; }
      .tick { stroke: #30363d; } .text { fill: #e6edf3; } .faint { fill: #9da7b1; }
    }"""


def as_svg(results):
    """The whole picture as text."""
    rows = [row for row in results["results"] if any(shown(row))]
    bottom = HEADER_HEIGHT + len(rows) * LANE_HEIGHT
    width = 2 * MARGIN + LABEL_WIDTH + PANEL_WIDTH + NAME_WIDTH
    parts = header(width, bottom + FOOTER_HEIGHT) + grid(bottom)
    for index, row in enumerate(rows):
        parts += lane(row, HEADER_HEIGHT + (index + 0.5) * LANE_HEIGHT)
    return "\n".join(parts + axis(bottom)) + "\n</svg>\n"


def shown(row):
    """The stores of a row that have a ratio; those that the eye should find last, and on top."""
    stores = [store for store in row["stores"] if row["stores"][store].get("ratio")]
    return sorted(stores, key=lambda store: (store in COLORS, store == row.get("best_peer")))


def header(width, height):
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title">',
        '<title id="title">Time and memory of other stores relative to datawal</title>',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{width}" height="{height}"/>',
        text(MARGIN, 26, "Time and memory relative to datawal (the line at 1×)", "text title"),
        text(MARGIN, 46, "Right of the line: takes more than datawal. Medians. Logarithmic. On the right the best peer.",
             "faint"),
    ]
    left = MARGIN
    for color, title in ((BEST_COLOR, "best peer"), (COLORS["crate"], "Rust crate"),
                         (COLORS["floor"], "the floor"), (OTHER_COLOR, "other peers")):
        parts.append(f'<circle cx="{left + 5}" cy="64" r="4.5" fill="{color}"/>')
        parts.append(text(left + 14, 68, title, "text"))
        left += 44 + 7 * len(title)
    return parts


def grid(bottom):
    left = MARGIN + LABEL_WIDTH
    parts = [f'<rect class="panel" x="{left}" y="{HEADER_HEIGHT}" width="{PANEL_WIDTH}" '
             f'height="{bottom - HEADER_HEIGHT}" rx="3"/>']
    for ratio in TICKS:
        kind, at = "one" if ratio == 1 else "tick", position(ratio)
        parts.append(f'<line class="{kind}" x1="{at}" x2="{at}" y1="{HEADER_HEIGHT}" y2="{bottom}"/>')
    return parts


def lane(row, middle):
    label = f"{row['workload']}, {report.size_name(row['value_size'])}"
    parts = [text(MARGIN, middle + 4, label, "text")]
    for store in shown(row):
        parts.append(dot(row, store, middle))
    best = figures.ratio_to_best_peer(row)
    if best is not None:
        name = f"{report.TITLES[row['best_peer']]} {report.times(best)}"
        parts.append(text(MARGIN + LABEL_WIDTH + PANEL_WIDTH + 10, middle + 4, name, "faint"))
    return parts


def dot(row, store, middle):
    color = BEST_COLOR if store == row.get("best_peer") else COLORS.get(store, OTHER_COLOR)
    ratio = row["stores"][store]["ratio"]["median"]
    note = escape(f"{report.TITLES[store]}: {report.times(ratio)}")
    return (f'<circle cx="{position(ratio)}" cy="{middle}" r="4" fill="{color}" fill-opacity="0.85">'
            f"<title>{note}</title></circle>")


def axis(top):
    return [text(position(ratio), top + 14, f"{ratio:g}×", "faint small", "middle") for ratio in TICKS]


def position(ratio):
    """Where a ratio stands; what is beyond the axis stands at its end."""
    inside = min(max(ratio, RATIO_MIN), RATIO_MAX)
    share = math.log(inside / RATIO_MIN) / math.log(RATIO_MAX / RATIO_MIN)
    return round(MARGIN + LABEL_WIDTH + 12 + share * (PANEL_WIDTH - 24), 1)


def text(left, base, content, kind, anchor="start"):
    return f'<text class="{kind}" x="{left}" y="{base}" text-anchor="{anchor}">{escape(content)}</text>'
