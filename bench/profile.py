#!/usr/bin/env python3
"""Says in which functions the time of each workload of datawal goes, by sampling, and writes it as a table.

    bench/profile.py BUILD_DIR             prints the tables
    bench/profile.py BUILD_DIR --out FILE  writes them
"""

import argparse
import bisect
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import environment
import report

HEADER = """# Profiles of the workloads

Written by `./dev profile`: one round of datawal's workloads, sampled {frequency:,} times a second and processor by `perf` on its
clock, for a virtual machine may have no other. What is shown is each function's part of the samples between the begin and
the end of the measurement, whichever thread they are of, from {share_min} % on. A function that waits for memory shows with
the time that it waits; which loads those are stands in [limits.md](limits.md).

- Machine: {machine}

"""
FREQUENCY = 5_000
SHARE_MIN = 3  # percent
SAMPLES_MIN = 50  # fewer say nothing
SUITES = "store,write,durable,kill,compact,medium,large"
# Figures that are no time that passed.
NOT_TIMES = ("longest put pause", "get beside compaction, p99")
SAMPLE = re.compile(r"^\s*(?P<time>\d+\.\d+):\s+(?P<address>[0-9a-f]+)\s+(?P<symbol>.*)\s+\((?P<object>[^()]*)\)$")


def record(compare, scratch):
    """The samples of the comparison, and what perf saw meanwhile."""
    results, data = scratch / "compare.json", scratch / "perf.data"
    command = ["perf", "record", "--quiet", "--event", "cpu-clock", "--freq", str(FREQUENCY), "--clockid", "mono",
               "--output", str(data), "--", str(compare), "--dir", str(scratch / "stores"), "--out", str(results),
               "--rounds", "1", "--stores", "datawal", "--suites", SUITES]
    subprocess.run(command, check=True)
    script = subprocess.run(["perf", "script", "--input", str(data), "--ns", "--fields", "time,ip,sym,dso"],
                            capture_output=True, text=True, check=True)
    return json.loads(results.read_text())["samples"], script.stdout


def seen_functions(script):
    """Pairs of a time in nanoseconds and the function that ran, by time."""
    seen = []
    for line in script.splitlines():
        match = SAMPLE.match(line)
        if not match:
            continue
        seconds, fraction = match["time"].split(".")
        seen.append((int(seconds) * 10**9 + int(fraction.ljust(9, "0")), name_of(match["symbol"], match["object"])))
    return sorted(seen)


def name_of(symbol, where):
    symbol = re.sub(r"\[clone [^]]*\]|\+0x[0-9a-f]+$", "", symbol).strip()
    symbol = symbol.replace("(anonymous namespace)::", "")
    while (shorter := re.sub(r"<[^<>]*>|\([^()]*\)", "", symbol)) != symbol:
        symbol = shorter
    symbol = symbol.split(" ")[-1].replace("datawal::", "")
    if where.startswith("[kernel") or where.startswith("[guest.kernel"):
        return f"kernel: {symbol}"
    return symbol if "datawal" in where else f"{pathlib.Path(where).name}: {symbol}"


def duration_ns(sample):
    return sample["value"] * (1e6 if sample["unit"] == "ms" else sample["operations"])


def section(sample, seen):
    end = sample["end_ns"]
    begin = end - duration_ns(sample)
    names = [name for _, name in seen[bisect.bisect_left(seen, (begin,)):bisect.bisect_right(seen, (end,))]]
    if len(names) < SAMPLES_MIN:
        return ""
    busy = len(names) / FREQUENCY / (duration_ns(sample) / 1e9)
    in_kernel = sum(name.startswith("kernel: ") for name in names) / len(names)
    title = f"{sample['workload']}, {report.size_name(sample['value_size'])}"
    lines = [f"## {title}", "",
             f"{report.quantity(sample['value'], sample['unit'])}; {len(names):,} samples, {busy:.1f} processors busy, "
             f"{in_kernel:.0%} in the kernel.", "", "| % | function |", "|---:|---|"]
    for name, count in collections.Counter(names).most_common():
        share = 100 * count / len(names)
        if share < SHARE_MIN:
            break
        lines.append(f"| {share:.0f} | `{name}` |")
    return "\n".join(lines) + "\n\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build_dir", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, help="where the tables go")
    arguments = parser.parse_args()
    compare = arguments.build_dir / "bench" / "datawal_compare"
    with tempfile.TemporaryDirectory(dir=arguments.build_dir) as directory:
        samples, script = record(compare.resolve(), pathlib.Path(directory).resolve())
    seen = seen_functions(script)
    machine = environment.describe(arguments.build_dir.resolve())
    facts = {"frequency": FREQUENCY, "share_min": SHARE_MIN, "machine": f"{machine['cpu']}, {machine['cores']} cores, {machine['kernel']}"}
    text = HEADER.format(**facts) + "".join(
        section(sample, seen) for sample in samples
        if "value" in sample and sample["unit"] in ("ns/op", "ns/key", "ms") and sample["workload"] not in NOT_TIMES)
    text = text.rstrip("\n") + "\n"
    if arguments.out:
        arguments.out.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
