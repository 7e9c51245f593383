"""The ratios as a plot: one small panel a workload and value size, one lane a store, logarithmic."""

import math
from html import escape

import report

COLORS = {"crate": "#d1495b", "leveldb": "#3182bd", "rocksdb": "#e08a1e", "lmdb": "#2f9e62",
          "sqlite": "#8b62c9"}
RATIO_MIN, RATIO_MAX = 1 / 100, 100
TICKS = (0.01, 0.1, 1, 10, 100)

LABEL_WIDTH, PANEL_WIDTH, PANEL_GAP = 150, 250, 14
LANE_HEIGHT, ROW_PADDING = 9, 10
ROW_HEIGHT_MIN = 24
HEADER_HEIGHT, FOOTER_HEIGHT, MARGIN = 92, 28, 16

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
    stores = [store for store in report.stores_of(results) if store != report.BASE]
    sizes = [size["value_size"] for size in results["sizes"]]
    rows = {(row["workload"], row["value_size"]): row for row in results["results"]}
    body, bottom = draw_workloads(rows, sizes, stores)
    width = 2 * MARGIN + LABEL_WIDTH + len(sizes) * (PANEL_WIDTH + PANEL_GAP)
    for column in range(len(sizes)):
        body += axis(panel_left(column), bottom)
    parts = header(width, bottom + FOOTER_HEIGHT, stores, sizes) + body
    return "\n".join(parts) + "\n</svg>\n"


def draw_workloads(rows, sizes, stores):
    """One row of panels for each workload; gives the parts and where they end."""
    parts, top = [], HEADER_HEIGHT
    for workload in report.WORKLOADS:
        found = {store for (name, _), row in rows.items() if name == workload for store in row["stores"]}
        lanes = [store for store in stores if store in found]
        if not lanes:
            continue
        height = max(len(lanes) * LANE_HEIGHT + ROW_PADDING, ROW_HEIGHT_MIN)
        parts.append(text(MARGIN, top + height / 2 + 4, workload, "text"))
        for column, size in enumerate(sizes):
            parts += panel(panel_left(column), top, height, rows.get((workload, size)), lanes)
        top += height
    return parts, top


def panel_left(column):
    return MARGIN + LABEL_WIDTH + column * (PANEL_WIDTH + PANEL_GAP)


def header(width, height, stores, sizes):
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title">',
        '<title id="title">Time and memory of other stores relative to datawal</title>',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{width}" height="{height}"/>',
        text(MARGIN, 26, "Time and memory relative to datawal (the line at 1×)", "text title"),
        text(MARGIN, 46, "Right of the line: takes more than datawal. Dots: medians. Bars: range of the rounds. "
             "Logarithmic.", "faint"),
    ]
    left = MARGIN
    for store in stores:
        parts.append(f'<circle cx="{left + 5}" cy="62" r="4.5" fill="{COLORS[store]}"/>')
        parts.append(text(left + 14, 66, report.TITLES[store], "text"))
        left += 34 + 7 * len(report.TITLES[store])
    for column, size in enumerate(sizes):
        middle = panel_left(column) + PANEL_WIDTH / 2
        parts.append(text(middle, 84, f"values of {report.size_name(size)}", "text", "middle"))
    return parts


def panel(left, top, height, row, stores):
    parts = [f'<rect class="panel" x="{left}" y="{top + 2}" width="{PANEL_WIDTH}" height="{height - 4}" '
             'rx="3"/>']
    for ratio in TICKS:
        kind = "one" if ratio == 1 else "tick"
        at = position(left, ratio)
        parts.append(f'<line class="{kind}" x1="{at}" x2="{at}" y1="{top + 2}" y2="{top + height - 2}"/>')
    for lane, store in enumerate(stores):
        ratio = row and row["stores"].get(store, {}).get("ratio")
        if ratio:
            middle = top + height / 2 + (lane + 0.5 - len(stores) / 2) * LANE_HEIGHT
            parts += mark(left, middle, ratio, store)
    return parts


def mark(left, middle, ratio, store):
    low, at, high = (position(left, ratio[name]) for name in ("min", "median", "max"))
    note = escape(f"{report.TITLES[store]}: {report.number(ratio['median'])}×")
    return [f'<g stroke="{COLORS[store]}" fill="{COLORS[store]}"><title>{note}</title>'
            f'<line x1="{low}" x2="{high}" y1="{middle}" y2="{middle}" stroke-width="2.5" '
            f'stroke-opacity="0.55"/><circle cx="{at}" cy="{middle}" r="3.4" stroke="none"/></g>']


def axis(left, top):
    """The ticks' labels; those at the ends keep inside the panel."""
    anchors = {TICKS[0]: "start", TICKS[-1]: "end"}
    return [text(position(left, ratio) + {"start": -6, "end": 6}.get(anchors.get(ratio), 0), top + 14,
                 f"{ratio:g}×", "faint small", anchors.get(ratio, "middle")) for ratio in TICKS]


def position(left, ratio):
    """Where a ratio stands; what is beyond the axis stands at its end."""
    inside = min(max(ratio, RATIO_MIN), RATIO_MAX)
    share = math.log(inside / RATIO_MIN) / math.log(RATIO_MAX / RATIO_MIN)
    return round(left + 8 + share * (PANEL_WIDTH - 16), 1)


def text(left, base, content, kind, anchor="start"):
    return f'<text class="{kind}" x="{left}" y="{base}" text-anchor="{anchor}">{escape(content)}</text>'
