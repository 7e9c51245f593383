"""What the figures were measured on. Only what affects them: no host names and no paths."""

import datetime
import os
import platform
from pathlib import Path


def describe(directory):
    """The machine, and the filesystem that `directory` is on."""
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_bytes() / 2**30),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "distribution": distribution(),
        "filesystem": filesystem_of(directory),
        "load_before": round(os.getloadavg()[0], 2),
    }


def field_of(path, name, separator):
    for line in Path(path).read_text().splitlines():
        key, found, value = line.partition(separator)
        if found and key.strip() == name:
            return value.strip().strip('"')
    return "unknown"


def cpu_model():
    return field_of("/proc/cpuinfo", "model name", ":")


def distribution():
    return field_of("/etc/os-release", "PRETTY_NAME", "=")


def memory_bytes():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def filesystem_of(directory):
    """The type of the mount with the longest path that holds `directory`."""
    best = ("", "unknown")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind = line.split()[:3]
        if directory.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]
