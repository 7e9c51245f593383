"""Medians, ranges and ratios of the samples, as JSON and as Markdown tables."""

import json
from statistics import median

BASE = "datawal"
REFERENCE = "crate"
# Workloads that are one system call in both differ by less than two runs of the same program do.
NOISE = 0.03
TITLES = {
    "datawal": "datawal", "crate": "Rust crate", "leveldb": "LevelDB", "rocksdb": "RocksDB",
    "lmdb": "LMDB", "sqlite": "SQLite",
}
# Workloads in the order of the tables; a ratio to the Rust crate below the number breaks a promise.
WORKLOADS = {
    "log append": 1, "log open": 1, "log scan": 1, "put": 1, "overwrite": 1, "durable put": 1, "get": 1,
    "get missing": 1, "scan": 1, "open": 3, "compact": 1, "export": 1, "memory after open": 3,
    "memory, heap trimmed": 1,
}


def summarize(environment, compared, micro):
    """Everything that was measured: `compared` from datawal_compare, `micro` from Google Benchmark."""
    facts = dict(environment)
    facts.update({name: compared[name] for name in ("compiler", "build_type")})
    return {
        "environment": facts,
        "rounds": compared["rounds"],
        "seed": compared["seed"],
        "sizes": compared["sizes"],
        "stores": compared["stores"],
        "results": [summarize_row(row) for row in rows_of(compared["samples"])],
        "micro": [summarize_micro(entry) for entry in micro if is_figure(entry)],
    }


def rows_of(samples):
    """Groups samples by workload and value size, in the order of the tables."""
    rows = {}
    for sample in samples:
        key = (list(WORKLOADS).index(sample["workload"]), sample["value_size"])
        row = rows.setdefault(key, {"workload": sample["workload"], "unit": sample["unit"],
                                    "value_size": sample["value_size"], "values": {}})
        row["values"].setdefault(sample["store"], {})[sample["round"]] = sample["value"]
    return [rows[key] for key in sorted(rows)]


def summarize_row(row):
    base = row["values"].get(BASE, {})
    stores = {}
    for store, by_round in row["values"].items():
        values = [by_round[number] for number in sorted(by_round)]
        stores[store] = {"median": median(values), "min": min(values), "max": max(values),
                         "samples": values}
        if store != BASE and base:
            stores[store]["ratio"] = ratio_of(by_round, base)
    return {"workload": row["workload"], "value_size": row["value_size"], "unit": row["unit"],
            "stores": stores}


def ratio_of(by_round, base):
    """The ratio of the medians, and the range of the ratios within the single rounds."""
    ratios = [by_round[number] / base[number] for number in by_round]
    return {"median": median(by_round.values()) / median(base.values()),
            "min": min(ratios), "max": max(ratios)}


def is_figure(entry):
    return entry.get("run_type") == "iteration" or entry.get("aggregate_name") == "median"


def summarize_micro(entry):
    figure = {"name": entry["name"].removesuffix("_median"), "time": entry["real_time"],
              "unit": entry["time_unit"]}
    if "bytes_per_second" in entry:
        figure["bytes_per_second"] = entry["bytes_per_second"]
    return figure


def as_json(results):
    return json.dumps(results, indent=1) + "\n"


def stores_of(results):
    return [store["name"] for store in results["stores"]]


def broken_promises(results):
    """One sentence for each promise that the figures do not keep."""
    broken = []
    for row in results["results"]:
        reference = row["stores"].get(REFERENCE)
        if reference is None or "ratio" not in reference:
            continue
        wanted = WORKLOADS[row["workload"]]
        found = reference["ratio"]["median"]
        if found < wanted * (1 - NOISE):
            broken.append(f"{row['workload']} at {size_name(row['value_size'])}: the Rust crate takes "
                          f"{number(found)} times what datawal takes; at least {wanted} was promised")
    return broken


def number(value):
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:.{digits}f}"
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


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---"] * 2 + ["---:"] * (len(header) - 2)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def ratio_table(results):
    """datawal's own median, and how many times as much the others take."""
    peers = [store for store in stores_of(results) if store != BASE]
    rows = [[row["workload"], size_name(row["value_size"]), ratio_base(row)] +
            [ratio_cell(row, store) for store in peers] for row in results["results"]]
    return table(["workload", "values", BASE] + [TITLES[store] for store in peers], rows)


def ratio_base(row):
    figure = row["stores"].get(BASE)
    return quantity(figure["median"], row["unit"]) if figure else "-"


def ratio_cell(row, store):
    ratio = row["stores"].get(store, {}).get("ratio")
    if ratio is None:
        return "-"
    return f"**{number(ratio['median'])}×** ({number(ratio['min'])}–{number(ratio['max'])})"


def absolute_table(results):
    rows = [[row["workload"], size_name(row["value_size"])] +
            [absolute_cell(row, store) for store in stores_of(results)] for row in results["results"]]
    return table(["workload", "values"] + [TITLES[store] for store in stores_of(results)], rows)


def absolute_cell(row, store):
    figure = row["stores"].get(store)
    if figure is None:
        return "-"
    low, high = (quantity(figure[end], row["unit"]) for end in ("min", "max"))
    return f"**{quantity(figure['median'], row['unit'])}** ({low} – {high})"


def micro_table(results):
    rows = [[f"`{figure['name']}`", f"{number(figure['time'])} {figure['unit']}", throughput(figure)]
            for figure in results["micro"]]
    return table(["benchmark", "time", "throughput"], rows)


def throughput(figure):
    rate = figure.get("bytes_per_second", 0)
    if rate == 0:
        return ""
    return f"{number(rate / 1e9)} GB/s" if rate >= 1e9 else f"{number(rate / 1e6)} MB/s"


def environment_list(results):
    facts = results["environment"]
    stores = ", ".join(f"{TITLES[store['name']]} {store['version']}" for store in results["stores"])
    sizes = ", ".join(f"{size['entries']:,} of {size_name(size['value_size'])}" for size in results["sizes"])
    return "\n".join([
        f"- Machine: {facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB",
        f"- System: {facts['distribution']}, {facts['kernel']}, {facts['filesystem']}, "
        f"load before the run {facts['load_before']}",
        f"- Build: {facts['compiler']}, {facts['build_type']}",
        f"- Stores: {stores}",
        f"- Entries: {sizes}; keys of 16 bytes; {results['rounds']} rounds; seed {results['seed']}",
        f"- Date: {facts['date']}",
    ])


def as_markdown(results):
    parts = [
        "# Benchmark results",
        "Written by `./dev bench`. What is measured, and how each store is set up, stands in "
        "[README.md](README.md).",
        environment_list(results),
        "![Ratios to datawal](plot.svg)",
        "## Ratios",
        "The column of datawal is its median. The others are ratios to it: 2× takes twice as long, or twice the "
        "memory. In brackets the range of the ratios of the single rounds.",
        ratio_table(results),
        "## Measured values",
        "Medians, with the smallest and the largest of all rounds in brackets.",
        absolute_table(results),
    ]
    if results["micro"]:
        parts += ["## Micro-benchmarks", "datawal alone, by Google Benchmark. The number behind the slash is the "
                  "size of the input or of the values in bytes; `open` and `scan` are over 100,000 records.",
                  micro_table(results)]
    return "\n\n".join(parts) + "\n"
