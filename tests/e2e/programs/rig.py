"""What the tests of this folder share: a folder of their own, node and assistant, speakers with homes, and waiting.

Starting and stopping programs is dev/demo/services.py and dev/demo/speakers.py, as for dev/up. Everything is below one
temporary folder, the development root too; nothing but loopback is contacted.
"""
import contextlib
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "dev"))

from demo import services  # noqa: E402
from demo.services import BIN, Failed, Service  # noqa: E402
from demo.speakers import Done, PASSPHRASE, Refused, Speaker  # noqa: E402

__all__ = ["BIN", "Done", "Failed", "PASSPHRASE", "Refused", "ROOT", "Rig", "Service", "Speaker", "services", "until"]

# A test waits this long for what takes seconds on an idle machine, so that a starved one does not fail it.
PATIENCE_SECONDS = 240
GRANT_HOURS = 2
MODEL = "small"


def until(what: str, condition, seconds_max: float = PATIENCE_SECONDS, pause: float = 0.05):
    """The first true answer of `condition`."""
    deadline = time.monotonic() + seconds_max
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds_max:.0f} s")
        time.sleep(pause)
    return answer


def check_ids() -> set[str]:
    """Every row of docs/CHECKS.md."""
    return {line.split("|")[1].strip() for line in (ROOT / "docs/CHECKS.md").read_text().splitlines() if line.startswith("| ")}


class Rig(contextlib.ExitStack):
    """One relay, its people and, if asked for, an assistant. Everything ends and is removed when the block ends."""

    def __init__(self, folder: pathlib.Path | None = None):
        super().__init__()
        self.folder = folder or pathlib.Path(tempfile.mkdtemp(prefix="chatmcp-programs-"))
        self.callback(shutil.rmtree, self.folder, ignore_errors=True)
        for name in [name for name in os.environ if name.startswith("CHATMCP_") and name not in ("CHATMCP_BIN", "CHATMCP_DEPS")]:
            del os.environ[name]
        for name in ("XDG_STATE_HOME", "XDG_DATA_HOME"):  # The development root and a default home are this test's.
            os.environ[name] = str(self.folder / name.lower())
        self.node: Service | None = None
        self.assistant: Service | None = None
        self.speakers: list[Speaker] = []
        self.chat = ""
        self.callback(self._stop)

    def _stop(self) -> None:
        for speaker in self.speakers:
            speaker.go_offline()
        for service in (self.assistant, self.node):
            if service:
                service.stop()

    @property
    def port(self) -> int:
        return self.node.ready["port"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start_node(self) -> None:
        """Again at the same port, where its clients look for it. Somebody's connection may be using that port for a moment."""
        if self.node is None:
            self.node = services.start_node(self.folder, 0)
            return
        port = self.port

        def started() -> Service | None:
            try:
                return services.start_node(self.folder, port)
            except Failed as failure:
                if "NET-32" not in str(failure):
                    raise
                return None

        self.node = until(f"a node at port {port} again", started)

    def start_assistant(self, wait: bool = True) -> None:
        if reason := services.namespaces_forbidden():
            raise Failed(f"this test needs the sandbox, which cannot be made here: {reason}")
        self.assistant = services.start_assistant(self.folder, self.url, services.model_file(MODEL), wait)

    def start_conversation(self, count: int, title: str = "test", options: tuple[str, ...] = ()) -> None:
        """`count` people with homes of their own in one conversation; the first one made it, with these options."""
        self.start_node()
        self.speakers = [Speaker(number, f"speaker {number}", self.folder, self.url) for number in range(count)]
        for speaker in self.speakers:
            speaker.sign_in()
        made = self.speakers[0].one("chat", "new", *options, "--title", title, *[s.address for s in self.speakers[1:]])
        self.chat = made["chat"]
        for speaker in self.speakers[1:]:
            speaker.run("requests", "list")
            speaker.one("requests", "accept", self.chat)

    def invite_assistant(self) -> None:
        """Everybody trusts this machine, the first one invites, the others agree with their past words; all are in the companion."""
        fingerprint = self.assistant.wait_ready()["root_fingerprint"]
        for speaker in self.speakers:
            speaker.one("policy", "allow-simulated", fingerprint)
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=GRANT_HOURS)
        self.speakers[0].one("assistant", "invite", self.chat, self.assistant.ready["assistant"], "--scope", "answer,summarise",
                             "--until", end.strftime("%Y-%m-%dT%H:%M:%SZ"), "--past")
        for speaker in self.speakers[1:]:
            speaker.one("assistant", "agree", self.chat, "--past")
        for speaker in self.speakers:
            until(f"{speaker.name} in the companion", lambda: self._is_member(speaker))

    def _is_member(self, speaker: Speaker) -> bool:
        for other in self.speakers:  # Whoever invited adds who agreed, when it hears of it.
            other.run("read", self.chat)
        return speaker.one("assistant", "show", self.chat)["state"] == "member"

    def metrics(self) -> str:
        """Everything that node and host say about themselves."""
        pages = [services.get(f"{self.url}/metrics")]
        if self.assistant:
            pages.append(services.get(f"http://127.0.0.1:{self.assistant.ready['metrics_port']}/metrics"))
        return "\n".join(pages)


def program(name: str, *arguments, **options) -> subprocess.CompletedProcess:
    """One of our programs to its end."""
    command = [str(BIN / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                          timeout=PATIENCE_SECONDS, **options)


def main() -> None:
    """Runs a file's unittest cases; failures of the programs are failures of the test, with their own words."""
    unittest.main(verbosity=2)
