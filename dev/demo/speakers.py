"""The speakers of a conversation file: each with an own wallet, home and processes."""
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time

from demo.services import BIN, Failed, say

PASSPHRASE = "demo passphrase, not a secret"
COMMAND_SECONDS_MAX = 600
CONNECTED_SECONDS_MAX = 120
PROGRESS_SECONDS = 10


class Refused(Failed):
    """A command that ended with exit code 1: refused by name."""

    def __init__(self, check: str, message: str):
        super().__init__(f"{check}: {message}")
        self.check = check


@dataclasses.dataclass(frozen=True)
class Done:
    """How a command ended."""

    exit_code: int  # Below 0: minus the signal that ended it.
    output: str
    errors: str
    lines: list[dict]  # The JSON lines of its output.

    @staticmethod
    def of(exit_code: int, output: str, errors: str) -> "Done":
        # A command that was killed may leave half a line.
        whole = output[: output.rfind("\n") + 1]
        return Done(exit_code, output, errors, [json.loads(line) for line in whole.splitlines() if line.startswith("{")])

    @property
    def last(self) -> dict:
        return self.lines[-1] if self.lines else {}

    @property
    def check(self) -> str:
        return self.last.get("check", "")


class Speaker:
    """One person: the numbered home folder, the wallet, and a `follow` process while online."""

    def __init__(self, number: int, name: str, folder: pathlib.Path, url: str):
        self.number = number
        self.name = name
        self.home = folder / f"home-{number:02d}"
        self.wallet = folder / f"wallet-{number:02d}.json"
        self.url = url
        self.address = ""
        self.read: dict[int, dict] = {}  # position -> line of `follow`
        self.shown: list[list[dict]] = []  # All lines of each `follow` process, in their order.
        self._follow = None
        self._lines: queue.Queue = queue.Queue()

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        """One command of the terminal client as a process; `options` as for Popen."""
        environment = dict(os.environ, CHATMCP_PASSPHRASE=PASSPHRASE)
        command = [str(BIN / "chatmcp"), "--json", "--home", str(self.home), "--node", self.url, *map(str, arguments)]
        return subprocess.Popen(command, text=True, env=environment, **options)

    def execute(self, *arguments: str, text: str | None = None, on_line=None) -> Done:
        """One command to its end, whatever that is. `on_line` gets the JSON lines of a long one as they come."""
        with self.start(*arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                if on_line:
                    output, errors = watch(process, text or "", on_line)
                else:
                    output, errors = process.communicate(text or "", timeout=COMMAND_SECONDS_MAX)
            except BaseException:
                process.kill()
                raise
        return Done.of(process.returncode, output, errors)

    def run(self, *arguments: str, text: str | None = None, on_line=None) -> list[dict]:
        """One command that has to succeed; its JSON lines."""
        done = self.execute(*arguments, text=text, on_line=on_line)
        if done.exit_code == 1:
            raise Refused(done.last.get("check", "?"), done.last.get("message", done.errors.strip()))
        if done.exit_code != 0:
            raise Failed(f"{self.name}: chatmcp {' '.join(map(str, arguments[:3]))} ended with {done.exit_code}: "
                         f"{(done.errors or done.output).strip()[-600:]}")
        return done.lines

    def one(self, *arguments: str, text: str | None = None, on_line=None) -> dict:
        return self.run(*arguments, text=text, on_line=on_line)[-1]

    def sign_in(self) -> None:
        self.address = self.one("wallet", "new", self.wallet)["address"]
        self.one("login", "--wallet", self.wallet)

    @property
    def online(self) -> bool:
        return self._follow is not None

    def go_online(self, chat: str) -> None:
        log = (self.home.parent / f"follow-{self.number:02d}.log").open("ab")
        self._follow = self.start("follow", chat, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()
        self.shown.append([])
        self._reader = threading.Thread(target=self._collect, args=(self._follow.stdout, self.shown[-1]), daemon=True)
        self._reader.start()

    def wait_connected(self) -> None:
        """Until `follow` has opened its home (which takes 128 MiB for half a second) and talks to the node."""
        deadline = time.monotonic() + CONNECTED_SECONDS_MAX
        while not has_socket(self._follow.pid):
            if self._follow.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{self.name}: follow did not come to the node; see follow-{self.number:02d}.log")
            time.sleep(0.02)

    def _collect(self, stream, shown: list[dict]) -> None:
        with stream:
            for line in stream:
                if line.startswith("{") and line.endswith("\n"):
                    shown.append(json.loads(line))
                    self._lines.put(shown[-1])

    def go_offline(self, number: int = signal.SIGTERM) -> int | None:
        """Ends `follow` with this signal; its exit status."""
        if self._follow is None:
            return None
        follow, self._follow = self._follow, None
        follow.send_signal(number)
        follow.wait()
        self._reader.join()
        return follow.returncode

    def take_lines(self) -> None:
        while True:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return
            if "position" in line:
                if line["position"] in self.read and self.read[line["position"]]["message"] != line["message"]:
                    raise Failed(f"{self.name} saw two messages at position {line['position']}")
                self.read.setdefault(line["position"], line)

    def wait_for(self, positions: list[int], seconds_max: float) -> None:
        """Until `follow` has shown these positions."""
        deadline = time.monotonic() + seconds_max
        while True:
            self.take_lines()
            missing = [p for p in positions if p not in self.read]
            if not missing:
                return
            if self._follow is None or self._follow.poll() is not None:
                raise Failed(f"{self.name}: follow ended; see follow-{self.number:02d}.log")
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} did not read position {missing[0]} within {seconds_max:.0f} s")
            time.sleep(0.01)


def watch(process: subprocess.Popen, text: str, on_line) -> tuple[str, str]:
    """Output and errors of a command that limits its own time and says little on standard error."""
    process.stdin.write(text)
    process.stdin.close()
    output = []
    for line in process.stdout:
        output.append(line)
        if line.startswith("{"):
            on_line(json.loads(line))
    return "".join(output), process.stderr.read()


def has_socket(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return any(os.readlink(entry).startswith("socket:") for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    return False


class Progress:
    """Says now and then how far something long has come."""

    def __init__(self, what: str = "", total: int = 0):
        self._what = what
        self._total = total
        self._said = time.monotonic()

    def __call__(self, done: int) -> None:
        self._now_and_then(f"{done} of {self._total} {self._what}")

    def of_answer(self, line: dict) -> None:
        """A line of `ask`."""
        if "progress" in line:
            self._now_and_then(f"the assistant is {line['progress']}: {line['done']} of {line['total']}")

    def _now_and_then(self, text: str) -> None:
        if time.monotonic() - self._said >= PROGRESS_SECONDS:
            self._said = time.monotonic()
            say(f"    {text}")


def together(what: str, speakers: list[Speaker], action) -> None:
    """`action(speaker)` for each, at once as many as there are cores: every process derives its home's key."""
    progress = Progress(what, len(speakers))
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    try:
        for done, _ in enumerate(pool.map(action, speakers), 1):
            progress(done)
    finally:
        pool.shutdown(cancel_futures=True)
