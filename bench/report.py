"""What was measured as JSON and as Markdown tables."""

import json

import figures
from figures import BASE, REFERENCE

TITLES = {
    "datawal": "datawal", "floor": "the floor", "crate": "Rust crate", "leveldb": "LevelDB",
    "rocksdb": "RocksDB", "rocksdb-blob": "RocksDB, blob files", "lmdb": "LMDB",
    "lmdb-writemap": "LMDB, WRITEMAP", "sqlite": "SQLite", "wiredtiger": "WiredTiger",
    "berkeleydb": "Berkeley DB", "tkrzw": "tkrzw", "redb": "redb", "fjall": "fjall",
    "canopydb": "canopydb", "simd-r-drive": "simd-r-drive",
}
# What the README shows, of values of 100 bytes.
README_WORKLOADS = {
    "put": "put", "put, 2 threads": "put, 2 threads", "put, batches of 100": "put in batches of 100, a key",
    "overwrite": "overwrite", "delete": "delete, told whether it was there", "get": "get",
    "get, 2 threads": "get, 2 threads", "get absent": "get of an absent key", "scan": "scan, a key",
    "export": "export as JSON lines, a key", "durable put": "durable put",
    "durable put, 8 threads": "durable put, 8 threads", "open": "open after a close",
    "open after SIGKILL": "open after SIGKILL", "compact": "compact, a key",
    "memory after open": "memory after open, a key",
}
README_BEGIN, README_END = "<!-- figures: begin -->", "<!-- figures: end -->"


def as_json(results):
    return json.dumps(results, indent=1) + "\n"


def stores_of(results):
    return [store["name"] for store in results["stores"]]


def number(value):
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    size = abs(value)
    text = f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2}f}"
    return text if float(text) != 0 else f"{value:.1g}"


def quantity(value, unit):
    """A measured value in the unit that a person would choose."""
    if unit in ("ns/op", "ns/key"):
        per = unit[2:].replace("/op", "")
        for limit, divisor, name in ((1e3, 1, "ns"), (1e6, 1e3, "µs"), (float("inf"), 1e6, "ms")):
            if value < limit:
                return f"{number(value / divisor)} {name}{per}"
    return f"{number(value)} {unit.replace('bytes/key', 'B/key')}"


def size_name(size):
    return f"{size // 1024} KiB" if size % 1024 == 0 else f"{size} B"


def times(value):
    return "-" if value is None else f"{number(value)}×"


def table(header, rows, left=1):
    rule = ["---"] * left + ["---:"] * (len(header) - left)
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(rule) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def summary_cells(row):
    """datawal's median; the best peer, and how it, the floor and the Rust crate compare."""
    figure = row["stores"].get(BASE)
    best = row.get("best_peer")
    return [quantity(figure["median"], row["unit"]) if figure else "-", TITLES[best] if best else "-",
            times(figures.ratio_to_best_peer(row)), times(figures.times_the_floor(row)),
            times(figures.ratio(row, REFERENCE))]


SUMMARY_HEADER = ["datawal", "best peer", "faster than it", "times the floor", "faster than the Rust crate"]


def summary_table(results):
    rows = [[row["workload"], size_name(row["value_size"])] + summary_cells(row)
            for row in results["results"]]
    return table(["workload", "values"] + SUMMARY_HEADER, rows, left=2)


def readme_table(results):
    rows = {row["workload"]: row for row in results["results"] if row["value_size"] == 100}
    shown = [[title] + summary_cells(rows[workload]) for workload, title in README_WORKLOADS.items()
             if workload in rows]
    return table(["values of 100 B"] + SUMMARY_HEADER, shown)


def with_readme_table(text, results):
    """The README with its table of figures written anew."""
    before, found, rest = text.partition(README_BEGIN)
    _, ended, after = rest.partition(README_END)
    if not found or not ended:
        raise ValueError(f"there is no {README_BEGIN} ... {README_END} in it")
    return f"{before}{README_BEGIN}\n{readme_table(results)}\n{README_END}{after}"


def target_text(target, value):
    kind = target["kind"]
    if kind == "most":
        return quantity(value, target["unit"])
    return times(value)


TARGET_KINDS = {"peer": "faster than the best peer, at least", "floor": "times the floor, at most",
                "crate": "faster than the Rust crate, at least", "most": "at most"}


def target_kind(target):
    if target["kind"] == "peer" and target["among"]:
        return f"faster than the best peer {target['among']}, at least"
    return TARGET_KINDS[target["kind"]]


def target_line(target):
    return (f"{target['workload']}, {size_name(target['value_size'])}: {target_kind(target)} "
            f"{target_text(target, target['wanted'])}; found {target_text(target, target['found'])}")


def target_table(results):
    rows = [[target["workload"], size_name(target["value_size"]), target_kind(target),
             target_text(target, target["wanted"]), target_text(target, target["found"]),
             "met" if target["is_met"] else "**missed**"] for target in results["targets"]]
    return table(["workload", "values", "target", "wanted", "found", ""], rows, left=3)


def target_counts(results):
    met = sum(target["is_met"] for target in results["targets"])
    return f"{met} of {len(results['targets'])} targets are met, {len(results['targets']) - met} are missed."


def group_tables(results):
    """Tables with a line for each store and a column for each workload."""
    parts = []
    for size in sorted({row["value_size"] for row in results["results"]}):
        for group, workloads in figures.GROUPS.items():
            rows = [row for row in results["results"]
                    if row["value_size"] == size and row["workload"] in workloads]
            if rows:
                parts.append(f"### {group}, values of {size_name(size)}\n\n" + group_table(results, rows))
    return "\n\n".join(parts)


def group_table(results, rows):
    lines = [[store_title(store)] + [measured_cell(row, store["name"]) for row in rows]
             for store in results["stores"] if any(store["name"] in row["stores"] for row in rows)]
    return table(["store"] + [row["workload"] for row in rows], lines)


def store_title(store):
    return TITLES[store["name"]] + ("*" if store["is_slow"] else "")


def measured_cell(row, store):
    figure = row["stores"].get(store)
    if figure is None:
        return "-"
    if len(figure["samples"]) == 1:
        return f"**{quantity(figure['median'], row['unit'])}**"
    low, high = (quantity(figure[end], row["unit"]) for end in ("min", "max"))
    return f"**{quantity(figure['median'], row['unit'])}** ({low} – {high})"


def micro_table(results):
    rows = [[f"`{figure['name']}`", f"{number(figure['time'])} {figure['unit']}", throughput(figure)]
            for figure in results["micro"]]
    return table(["benchmark", "time", "throughput"], rows, left=2)


def throughput(figure):
    rate = figure.get("bytes_per_second", 0)
    if rate == 0:
        return ""
    return f"{number(rate / 1e9)} GB/s" if rate >= 1e9 else f"{number(rate / 1e6)} MB/s"


def environment_list(results):
    facts = results["environment"]
    stores = ", ".join(f"{TITLES[store['name']]} {store['version']}" for store in results["stores"])
    slow = any(store["is_slow"] for store in results["stores"])
    suites = ", ".join(suite_text(suite, slow) for suite in results["suites"])
    return "\n".join([
        f"- Machine: {facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB",
        f"- System: {facts['distribution']}, {facts['kernel']}, {facts['filesystem']}, "
        f"load before the run {facts['load_before']}",
        f"- Build: {facts['compiler']}, {facts['build_type']}",
        f"- Stores: {stores}",
        f"- Entries of each suite of workloads: {suites}; keys of 16 bytes; {results['rounds']} rounds; seed "
        f"{results['seed']}",
        f"- Date: {facts['date']}",
    ])


def suite_text(suite, has_slow):
    text = f"{suite['name']} {suite['entries']:,} of {size_name(suite['value_size'])}"
    if has_slow and suite["slow_operations"] != suite["entries"]:
        text += f" (*: {suite['slow_operations']:,} operations measured)"
    return text


def rounds_text(results):
    if not any(store["is_slow"] for store in results["stores"]):
        return []
    return ["The stores marked * are slow ones: so that a run ends in time, they take part in every second round, and "
            "of each of their loops only the first operations are measured, as many as stand above. Their stores are as "
            "large as the others' all the same, filled by batches that are not measured; only those that are nothing but "
            "put to are smaller, which is to their advantage. With little memory the slow stores take part in one "
            "round, the others in every second."]


def notes_list(results):
    return "\n".join(f"- {TITLES[note['store']]}, {note['workload']}: {note['note']}"
                     for note in results["notes"])


def as_markdown(results, plot_name):
    parts = [
        "# Benchmark results",
        "Written by `./dev bench`. What is measured, and how each store is set up, stands in "
        "[README.md](README.md).",
        environment_list(results),
        *rounds_text(results),
        f"![Times of all stores relative to datawal]({plot_name})",
        "## Summary",
        "The column of datawal is its median. *Faster than the best peer*: what the best of all other stores takes, "
        "as a multiple of what datawal takes (below 1× it is ahead of datawal). *Times the floor*: what datawal takes, "
        "as a multiple of what the floor takes. For memory, read less for faster.",
        summary_table(results),
    ]
    if results["targets"]:
        parts += ["## Targets", target_counts(results), target_table(results)]
    parts += ["## Measured values", "Medians, with the smallest and the largest of all rounds in brackets.",
              group_tables(results)]
    if results["notes"]:
        parts += ["Figures that are missing:", notes_list(results)]
    if results["micro"]:
        parts += ["## Micro-benchmarks", "datawal alone, by Google Benchmark. The number behind the slash is the "
                  "size of the input or of the values in bytes; `open` and `scan` are over 100,000 records.",
                  micro_table(results)]
    return "\n\n".join(parts) + "\n"
