"""Node and assistant as processes of this machine."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("CHATMCP_BIN") or ROOT / "build/release/bin")
CONFIG = ROOT / "dev/assistant.json"
READY_SECONDS_MAX = 30
ASSISTANT_READY_SECONDS_MAX = 180
STOP_SECONDS_MAX = 10


class Failed(Exception):
    """Something that the user can act on; the text says how."""

    def __init__(self, text: str, exit_code: int = 1):
        super().__init__(text)
        self.exit_code = exit_code


def say(text: str) -> None:
    print(text, flush=True)


def dependencies() -> pathlib.Path:
    """Where dev/setup puts what others wrote."""
    if folder := os.environ.get("CHATMCP_DEPS"):
        return pathlib.Path(folder)
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "chatmcp"


def model_file(name: str) -> pathlib.Path:
    known = {"small": "smollm2-135m-instruct-q4_1.gguf", "default": "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"}
    path = dependencies() / "models" / known[name] if name in known else pathlib.Path(name)
    if not path.is_file():
        raise Failed(f"{path}: no such model file", 2)
    return path


def prepare(model: str, build: bool) -> None:
    """Bring what is missing and build the programs."""
    if not build:
        return
    setup_model = model if model in ("small", "default") else "none"
    for command in ([ROOT / "dev/setup", "--model", setup_model, "--no-tests"], [ROOT / "dev/build"]):
        if subprocess.run([str(part) for part in command], check=False).returncode != 0:
            raise Failed(f"{command[0].name} failed; its messages are above")


def has_assistant() -> bool:
    """Whether this tree builds the host of an assistant; demo steps 4 to 9 need it."""
    return (BIN / "chatmcp-host").is_file() and (BIN / "chatmcp-enclave").is_file()


@contextlib.contextmanager
def scratch_folder(keep: bool):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chatmcp-demo-"))
    try:
        yield folder
    finally:
        if keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


class Service:
    """One process that prints a JSON line when it is ready and stops on SIGTERM."""

    def __init__(self, name: str, command: list, log: pathlib.Path, ready_seconds_max: float = READY_SECONDS_MAX, wait: bool = True):
        self.name = name
        self.log = log
        self._log_file = log.open("ab")
        self._ready_seconds_max = ready_seconds_max
        self.ready: dict = {}
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self._log_file, start_new_session=True)
        if wait:
            self.wait_ready()

    def wait_ready(self) -> dict:
        self.ready = self.ready or self._first_line(self._ready_seconds_max)
        return self.ready

    def kill(self) -> None:
        """kill -9, as a crash would; what it started ends by itself or not at all."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        self.process.stdout.close()
        self._log_file.close()

    def _first_line(self, seconds_max: float) -> dict:
        import selectors
        selector = selectors.DefaultSelector()
        selector.register(self.process.stdout, selectors.EVENT_READ)
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline:
            if selector.select(timeout=0.2):
                line = self.process.stdout.readline()
                if not line:
                    break
                with contextlib.suppress(ValueError):
                    return json.loads(line)
            if self.process.poll() is not None:
                break
        status = self.stop()
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        raise Failed(f"{self.name} did not become ready (status {status}); the end of its log:\n{tail}")

    def stop(self) -> int:
        """SIGTERM, then SIGKILL for one that does not go; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._close()
        return self.process.returncode


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_node(data: pathlib.Path, port: int, chain=None) -> Service:
    """`port` 0: a free one. Its log is `data`/node.log, its state `data`/node. `chain`: whose stamps it knows."""
    data.mkdir(parents=True, exist_ok=True)
    command = [BIN / "chatmcp-node", "--data", data / "node", "--listen", f"127.0.0.1:{port}", "--json"]
    if chain:
        command += ["--chain-endpoint", chain.url, "--chain-program", chain.program]
    return Service("chatmcp-node", command, data / "node.log")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


def namespaces_forbidden() -> str | None:
    """Why the sandbox cannot start here, as the launcher says it; None if it can."""
    probe = subprocess.run([str(BIN / "chatmcp-simtee"), "check"], capture_output=True, text=True, check=False)
    return None if probe.returncode == 0 else (probe.stderr or probe.stdout).strip()


def assistant_options(home: pathlib.Path, url: str, model: pathlib.Path, config: pathlib.Path = CONFIG) -> list:
    """What `chatmcp-host login` and `run` have in common."""
    return ["--data", home, "--node", url, "--model", model, "--config", config,
            "--program", BIN / "chatmcp-enclave", "--simtee", BIN / "chatmcp-simtee"]


def start_assistant(data: pathlib.Path, url: str, model: pathlib.Path, wait: bool = True) -> Service:
    """The operator's wallet signs for the enclave key once, then the assistant runs. Its state and log are in `data`/assistant."""
    home = data / "assistant"
    home.mkdir(parents=True, exist_ok=True)
    wallet = home / "operator.json"
    common = assistant_options(home, url, model)
    if not wallet.exists():
        run([BIN / "chatmcp", "wallet", "new", wallet])
        run([BIN / "chatmcp-host", "login", "--wallet", wallet, *common])
    return Service("chatmcp-host", [BIN / "chatmcp-host", "run", "--json", *common], home / "host.log",
                   ASSISTANT_READY_SECONDS_MAX, wait)


def children(pid: int) -> list[int]:
    """Processes that `pid` started and that still run."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name stands in parentheses and may hold anything; state and parent follow.
            if int(stat.read_text(errors="replace").rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def kill_process(pid: int) -> None:
    """kill -9 of one that another process started; it may have ended already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def run(command: list) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(pathlib.Path(str(p)).name for p in command[:2])}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def serve(data: pathlib.Path, port: int, model: pathlib.Path, start_chain) -> int:
    """Node, development chain and assistant in the foreground until Ctrl-C. `start_chain` starts the second."""
    node = assistant = chain = None
    try:
        chain = start_chain()
        node = start_node(data, port, chain)
        url = f"http://127.0.0.1:{node.ready['port']}"
        say(f"node       {url}   relay key {node.ready['relay_key'][:16]}…   data {data}")
        say(f"chain      {chain.url}   development chain, not a cluster; its SOL and CHAT are worth nothing")
        if not has_assistant():
            say("assistant  not started: chatmcp-host is not built yet (README.md, status)")
        elif reason := namespaces_forbidden():
            say(f"assistant  not started: {reason}")
        else:
            assistant = start_assistant(data, url, model)
            say(f"assistant  {assistant.ready['assistant'][:16]}…   simulated TEE: this machine's owner can read everything in it")
            say(f"trust it   chatmcp policy allow-simulated {assistant.ready['root_fingerprint']}")
        say(f"join       {BIN / 'chatmcp'} wallet new my-wallet.json")
        say(f"           {BIN / 'chatmcp'} --node {url} login --wallet my-wallet.json")
        say(f"tokens     {BIN / 'chatmcp'} chain use {chain.program} --endpoint {chain.url}")
        say("Ctrl-C stops all.")
        return wait_for_interrupt([s for s in (node, chain.service, assistant) if s])
    finally:
        for service in (assistant, node, chain):
            if service:
                service.stop()
        say("stopped")


def wait_for_interrupt(running: list) -> int:
    try:
        while True:
            for service in running:
                if service.process.poll() is not None:
                    raise Failed(f"{service.name} ended with status {service.process.returncode}; see {service.log}")
            time.sleep(0.5)
    except (KeyboardInterrupt, SystemExit):
        return 0
