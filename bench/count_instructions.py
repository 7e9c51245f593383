#!/usr/bin/env python3
"""Counts the instructions of each hot path with callgrind, and writes them as a table.

    bench/count_instructions.py BUILD_DIR            prints the table
    bench/count_instructions.py BUILD_DIR --out FILE writes it
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HEADER = """# Instructions of the hot paths

Written by `./dev instructions`: user-space instructions for one operation, counted by callgrind over 10,000 of them on
a store of 50,000 keys of 16 bytes with values of 100 bytes (kernel work, as that of a page that is touched first, is not
in them). Unlike times they hardly depend on the machine, so a change that makes a path longer shows here first. The
secret of the hash is another one in each run, which moves the counts by a few instructions.

| path | instructions |
|---|---:|
"""


def count(program, path):
    """The instructions of one operation of the path."""
    with tempfile.TemporaryDirectory() as directory:
        profile = pathlib.Path(directory) / "profile"
        command = ["valgrind", "--tool=callgrind", "--collect-atstart=no",
                   f"--callgrind-out-file={profile}", str(program), path, directory]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            sys.exit(f"count_instructions: '{path}' failed:\n{run.stderr}")
        total = re.search(r"^totals: (\d+)", profile.read_text(), re.M)
        return int(total[1]) / int(run.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build_dir", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, help="where the table goes")
    arguments = parser.parse_args()
    program = arguments.build_dir / "bench" / "datawal_instructions"
    # What a second thread took over would not be counted; with one processor there is none.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    paths = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    table = HEADER + "".join(f"| {path} | {count(program, path):,.0f} |\n" for path in paths)
    if arguments.out:
        arguments.out.write_text(table)
    print(table, end="")


if __name__ == "__main__":
    main()
