"""The speakers of a conversation file: each with an own wallet, home and processes."""
import json
import os
import pathlib
import queue
import subprocess
import threading
import time

from demo.services import BIN, Failed

PASSPHRASE = "demo passphrase, not a secret"
COMMAND_SECONDS_MAX = 600


class Refused(Exception):
    """A command that ended with exit code 1: refused by name."""

    def __init__(self, check: str, message: str):
        super().__init__(f"{check}: {message}")
        self.check = check


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
        self._follow = None
        self._lines: queue.Queue = queue.Queue()

    def run(self, *arguments: str, text: str | None = None) -> list[dict]:
        """One command of the terminal client; its JSON lines."""
        environment = dict(os.environ, CHATMCP_PASSPHRASE=PASSPHRASE)
        command = [str(BIN / "chatmcp"), "--json", "--home", str(self.home), "--node", self.url, *map(str, arguments)]
        done = subprocess.run(command, input=text or "", capture_output=True, text=True, check=False, env=environment,
                              timeout=COMMAND_SECONDS_MAX)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode == 1:
            last = lines[-1] if lines else {}
            raise Refused(last.get("check", "?"), last.get("message", done.stderr.strip()))
        if done.returncode != 0:
            raise Failed(f"{self.name}: chatmcp {' '.join(map(str, arguments[:3]))} ended with {done.returncode}: "
                         f"{(done.stderr or done.stdout).strip()[-600:]}")
        return lines

    def one(self, *arguments: str, text: str | None = None) -> dict:
        return self.run(*arguments, text=text)[-1]

    def sign_in(self) -> None:
        self.address = self.one("wallet", "new", self.wallet)["address"]
        self.one("login", "--wallet", self.wallet)

    @property
    def online(self) -> bool:
        return self._follow is not None

    def go_online(self, chat: str) -> None:
        environment = dict(os.environ, CHATMCP_PASSPHRASE=PASSPHRASE)
        log = (self.home.parent / f"follow-{self.number:02d}.log").open("ab")
        self._follow = subprocess.Popen(
            [str(BIN / "chatmcp"), "--json", "--home", str(self.home), "--node", self.url, "follow", chat],
            stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True, env=environment, start_new_session=True)
        log.close()
        threading.Thread(target=self._collect, args=(self._follow.stdout,), daemon=True).start()

    def _collect(self, stream) -> None:
        for line in stream:
            if line.startswith("{"):
                self._lines.put(json.loads(line))

    def go_offline(self) -> None:
        if self._follow:
            self._follow.terminate()
            self._follow.wait()
            self._follow = None

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
