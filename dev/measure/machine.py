"""What the figures were measured on, without the machine's name."""
import os
import pathlib
import platform
import re


def load() -> str:
    return "/".join(f"{value:.1f}" for value in os.getloadavg())


def file_system(folder: pathlib.Path) -> str:
    """Type of the file system that holds `folder`: the longest mount point above it."""
    best, kind = "", "unknown"
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, mount, mounted_kind, *_ = line.split()
        inside = mount == "/" or str(folder) == mount or str(folder).startswith(mount + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, mounted_kind
    return kind


def processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return found.group(1) if found else platform.machine()


def memory_gib() -> float:
    found = re.search(r"^MemTotal:\s+(\d+) kB$", pathlib.Path("/proc/meminfo").read_text(), re.M)
    return int(found.group(1)) / 1048576 if found else 0.0


def describe(folder: pathlib.Path) -> str:
    return (f"{os.cpu_count()} cores ({processor()}), {memory_gib():.0f} GiB of memory, {file_system(folder)}, "
            f"Linux {platform.release()}, load {load()} at the start")
