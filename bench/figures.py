"""Medians, ranges and ratios of the samples, and what they say about promises and targets."""

import json
from pathlib import Path
from statistics import median

BASE = "datawal"
FLOOR = "floor"
REFERENCE = "crate"
# Workloads that are one system call in both differ by less than two runs of the same program do.
NOISE = 0.03
# Workloads in the order of the tables, by group.
GROUPS = {
    "Writing": ["put", "put, ascending keys", "put, 2 threads", "put, batches of 100", "overwrite", "delete",
                "longest put pause"],
    "Reading": ["get", "get, 2 threads", "get absent", "get view", "scan", "export"],
    "Outliving a power cut": ["durable put", "durable put, 2 threads", "durable put, 8 threads",
                              "durable put, 64 threads", "durable batch of 100"],
    "Opening, and memory": ["open", "open, 10 M keys", "open after SIGKILL", "memory after open",
                            "memory, heap trimmed", "memory after reads", "memory after open, 10 M keys",
                            "memory after reads, 10 M keys"],
    "Compacting": ["compact", "disk after compaction", "get beside compaction, p99"],
    "Little memory": ["get, data 4x memory, uniform", "get, data 4x memory, skewed",
                      "put, data 4x memory, uniform", "put, data 4x memory, skewed"],
    "A log of records without keys": ["log append", "log open", "log scan"],
}
WORKLOADS = [workload for group in GROUPS.values() for workload in group]
# A ratio to the Rust crate below 1 breaks a promise; of these, one below 3.
PROMISED = {"open": 3, "open, 10 M keys": 3, "memory after open": 3, "memory after open, 10 M keys": 3}

# Stores that some targets are about.
PEERS_AMONG = {
    "that is log-structured": ["crate", "simd-r-drive", "leveldb", "rocksdb", "rocksdb-blob", "fjall"],
    "that compacts in place": ["simd-r-drive", "leveldb", "rocksdb", "rocksdb-blob", "fjall", "canopydb",
                            "tkrzw", "wiredtiger", "berkeleydb", "redb"],
}

TARGETS = json.loads((Path(__file__).parent / "targets.json").read_text())


def summarize(environment, compared, micro):
    """Everything that was measured: `compared` from datawal_compare, `micro` from Google Benchmark."""
    facts = dict(environment)
    facts.update({name: compared[name] for name in ("compiler", "build_type")})
    samples = [sample for sample in compared["samples"] if "note" not in sample]
    results = {
        "environment": facts,
        "rounds": compared["rounds"],
        "seed": compared["seed"],
        "suites": compared["suites"],
        "stores": compared["stores"],
        "results": [summarize_row(row) for row in rows_of(samples)],
        "notes": notes_of(compared["samples"]),
        "micro": [summarize_micro(entry) for entry in micro if is_figure(entry)],
    }
    results["targets"] = targets_of(results)
    return results


def rows_of(samples):
    """Groups samples by value size and workload, in the order of the tables."""
    rows = {}
    for sample in samples:
        key = (sample["value_size"], WORKLOADS.index(sample["workload"]))
        row = rows.setdefault(key, {"workload": sample["workload"], "unit": sample["unit"],
                                    "value_size": sample["value_size"], "values": {}})
        row["values"].setdefault(sample["store"], {})[sample["round"]] = sample["value"]
    return [rows[key] for key in sorted(rows)]


def notes_of(samples):
    """Why there are figures missing: store, workload and reason, each once."""
    notes = {(sample["store"], sample["workload"], sample["note"]): None for sample in samples
             if "note" in sample}
    return [{"store": store, "workload": workload, "note": note} for store, workload, note in notes]


def summarize_row(row):
    base = row["values"].get(BASE, {})
    stores = {}
    for store, by_round in row["values"].items():
        values = [by_round[number] for number in sorted(by_round)]
        stores[store] = {"median": median(values), "min": min(values), "max": max(values),
                         "samples": values}
        if store != BASE and base:
            stores[store]["ratio"] = ratio_of(by_round, base)
    summary = {"workload": row["workload"], "value_size": row["value_size"], "unit": row["unit"],
               "stores": stores}
    peers = [store for store in stores if store not in (BASE, FLOOR)]
    if peers:
        summary["best_peer"] = min(peers, key=lambda store: stores[store]["median"])
    return summary


def ratio_of(by_round, base):
    """The ratio of the medians, and the range of the ratios within the rounds that both ran in."""
    of_base = median(base.values())
    if of_base <= 0:
        return None
    ratios = [by_round[number] / base[number] for number in by_round if base.get(number, 0) > 0]
    of_medians = median(by_round.values()) / of_base
    return {"median": of_medians, "min": min(ratios, default=of_medians),
            "max": max(ratios, default=of_medians)}


def is_figure(entry):
    return entry.get("run_type") == "iteration" or entry.get("aggregate_name") == "median"


def summarize_micro(entry):
    figure = {"name": entry["name"].removesuffix("_median"), "time": entry["real_time"],
              "unit": entry["time_unit"]}
    if "bytes_per_second" in entry:
        figure["bytes_per_second"] = entry["bytes_per_second"]
    return figure


def ratio(row, store):
    """What the store takes for what datawal takes as one, or None."""
    found = row["stores"].get(store, {}).get("ratio")
    return found["median"] if found else None


def ratio_to_best_peer(row):
    return ratio(row, row["best_peer"]) if "best_peer" in row else None


def times_the_floor(row):
    """What datawal takes for what the floor takes as one, or None."""
    found = ratio(row, FLOOR)
    return 1 / found if found else None


def targets_of(results):
    """Each target with what was found; of those that were measured."""
    rows = {(row["workload"], row["value_size"]): row for row in results["results"]}
    judged = []
    for target in TARGETS:
        row = rows.get((target["workload"], target["value_size"]))
        if row is None or BASE not in row["stores"]:
            continue
        for kind, wanted, found in wishes_of(target, row):
            is_met = found <= wanted if kind in ("floor", "most") else found >= wanted
            judged.append({"workload": target["workload"], "value_size": target["value_size"],
                           "kind": kind, "among": target.get("among"), "wanted": wanted,
                           "found": found, "unit": row["unit"],
                           "is_met": is_met})
    return judged


def ratio_to_best_among(row, among):
    peers = [ratio(row, store) for store in PEERS_AMONG[among]]
    return min((found for found in peers if found is not None), default=None)


def wishes_of(target, row):
    among = target.get("among")
    peer = ratio_to_best_among(row, among) if among else ratio_to_best_peer(row)
    found = {"peer": peer, "floor": times_the_floor(row), "crate": ratio(row, REFERENCE),
             "most": row["stores"][BASE]["median"]}
    return [(kind, target[kind], value) for kind, value in found.items()
            if kind in target and value is not None]


def broken_promises(results):
    """One sentence for each promise that the figures do not keep."""
    broken = []
    for row in results["results"]:
        found = ratio(row, REFERENCE)
        wanted = PROMISED.get(row["workload"], 1)
        if found is not None and found < wanted * (1 - NOISE):
            broken.append(f"{row['workload']} with values of {row['value_size']} bytes: the Rust crate takes "
                          f"{found:.3g} times what datawal takes; at least {wanted} was promised")
    return broken
