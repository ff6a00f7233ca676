"""One run of dev/bench: its folder, its options, the programs that it starts, and what several benches share."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from demo import services
from demo.services import Failed

PASSPHRASE = "bench passphrase, not a secret"  # bench/device.h has the same.
PROGRAM_SECONDS_MAX = 1800
WASM_PROGRAMS = ("chatmcp-core", "chatmcp-bench", "aws-lc-alone")


class Run:
    """Everything lies in `folder`, which is on the disk that is measured and is removed at the end."""

    def __init__(self, folder: pathlib.Path, quick: bool, model: pathlib.Path | None):
        self.folder = folder
        self.quick = quick
        self.model = model
        self._numbers = 0
        self._services: list[services.Service] = []
        self._warm: dict | None = None

    def count(self, usual: int, quick: int) -> int:
        return quick if self.quick else usual

    def fresh_folder(self, name: str) -> pathlib.Path:
        self._numbers += 1
        made = self.folder / f"{self._numbers:02d}-{name}"
        made.mkdir()
        return made

    # ---- Processes ----

    def node(self, data: pathlib.Path) -> services.Service:
        return self.keep(services.start_node(data, 0))

    def keep(self, service: services.Service) -> services.Service:
        self._services.append(service)
        return service

    def stop(self, service: services.Service) -> None:
        service.stop()
        self._services.remove(service)

    def stop_all(self) -> None:
        for service in reversed(self._services):
            service.stop()
        self._services.clear()

    @staticmethod
    def bench_command(name: str, arguments: dict, program: str = "chatmcp_bench") -> list[str]:
        path = services.BIN.parent / "bench" / program
        if not path.is_file():
            raise Failed(f"{path} is not built: leave out --no-build, or build the target {program}", 2)
        return [str(path), name, *(str(part) for pair in arguments.items() for part in (f"--{pair[0]}", pair[1]))]

    def bench(self, name: str, program: str = "chatmcp_bench", **arguments) -> dict:
        """Raw figures of one measurement of bench/."""
        done = subprocess.run(self.bench_command(name, arguments, program), capture_output=True, text=True, check=False, timeout=PROGRAM_SECONDS_MAX)
        if done.returncode != 0:
            raise Failed(f"{program} {name}: {done.stderr.strip() or done.returncode}")
        return json.loads(done.stdout)

    def wasm_bench(self, rounds: int) -> dict:
        """Raw figures of bench/wasm/bench.mjs."""
        programs = services.ROOT / "build/wasm/bin"
        for name in WASM_PROGRAMS:
            if not (programs / f"{name}.wasm").is_file():
                raise Failed(f"{programs / name}.wasm is not built: leave out --no-build, or build the target chatmcp_wasm_bench of the preset wasm", 2)
        node = services.dependencies() / "tools/bin/node"
        # V8's better compiler from the start, as it compiles every function that runs often: its first one is three times slower, and
        # when it is replaced depends on the load of the machine.
        command = [node, "--no-liftoff", services.ROOT / "bench/wasm/bench.mjs", programs, str(rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PROGRAM_SECONDS_MAX)
        if done.returncode != 0:
            raise Failed(f"bench/wasm/bench.mjs: {done.stderr.strip()[-400:] or done.returncode}")
        return json.loads(done.stdout)

    @staticmethod
    def client_command(home: pathlib.Path, url: str, *arguments) -> list[str]:
        return [str(part) for part in (services.BIN / "chatmcp", "--json", "--home", home, "--node", url, *arguments)]

    def client(self, home: pathlib.Path, url: str, *arguments, text: str = "") -> list[dict]:
        """One command of the terminal client; its JSON lines."""
        done = subprocess.run(self.client_command(home, url, *arguments), input=text, capture_output=True, text=True, check=False,
                              env=environment(), timeout=PROGRAM_SECONDS_MAX)
        if done.returncode != 0:
            raise Failed(f"chatmcp {' '.join(str(a) for a in arguments[:2])}: {(done.stdout + done.stderr).strip()[-400:]}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    # ---- Shared by several benches ----

    def warm(self) -> dict:
        """A node and two homes after a conversation of 10,000 messages, made once in a run. Their keys cost nothing to derive."""
        if self._warm is None:
            data = self.fresh_folder("warm")
            node = self.node(data)
            url = node.ready["url"]
            filled = self.bench("fill", url=url, first=data / "first", second=data / "second", messages=self.count(10_000, 200), derivation="cheap")
            self._warm = {"node": node, "url": url, "first": data / "first", "second": data / "second", **filled}
        return self._warm


def environment() -> dict:
    return dict(os.environ, CHATMCP_PASSPHRASE=PASSPHRASE)


def resident_mib(process: subprocess.Popen) -> float:
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB$", status, re.M).group(1)) / 1024


def counter(url: str, name: str) -> float:
    """One counter of the node's /metrics; a missing one is an error, never zero."""
    found = re.search(rf"^{name} (\S+)$", services.get(url + "/metrics"), re.M)
    if found is None:
        raise Failed(f"/metrics has no {name}")
    return float(found.group(1))


@contextlib.contextmanager
def run_in(parent: pathlib.Path, quick: bool, model: pathlib.Path | None):
    parent.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    run = Run(folder, quick, model)
    try:
        yield run
    finally:
        run.stop_all()
        shutil.rmtree(folder, ignore_errors=True)


def milliseconds(since: float) -> float:
    return (time.monotonic() - since) * 1000
