"""A development chain as a process of this machine: devnet, with ChatMCP's program on it, set up, and all CHAT in its treasury."""
import contextlib
import json
import pathlib
import threading
import urllib.request

from . import services
from .services import BIN, ROOT, Failed, Service

# Where the program is on every development chain: SHA-256 of "ChatMCP, development chain".
PROGRAM = "9BmM8NP29RxLtJ1kC1NfYQcuDQ3SnakYo5in7Akh6PwK"
READY_SECONDS_MAX = 120  # dev/devnet brings its packages first if they are missing.
SET_UP_SOL = "10"
HURRY_SECONDS = 0.3
HURRY_SLOTS = 20


def program_file(folder: pathlib.Path) -> pathlib.Path:
    """The program, made from its sources."""
    linker = BIN / "chatmcp-sbpf-link"
    command = [ROOT / "dev/program", "--output", folder, *(["--linker", linker] if linker.is_file() else [])]
    services.run(command)
    return folder / "chatmcp.so"


class Chain:
    """`port` 0: a free one. State, log and the authority's wallet are in `data`/chain."""

    program = PROGRAM

    def __init__(self, data: pathlib.Path, port: int, fresh: bool = False):
        self.folder = data / "chain"
        self.folder.mkdir(parents=True, exist_ok=True)
        program = program_file(self.folder)
        command = [ROOT / "dev/devnet", "--json", "--port", port, "--state", self.folder / "state", "--program", f"{PROGRAM}={program}",
                   *(["--fresh"] if fresh else [])]
        self.service = Service("devnet", command, self.folder / "devnet.log", READY_SECONDS_MAX)
        try:
            self._set_up()
        except Failed:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.service.ready['http']}"

    def stop(self) -> int:
        return self.service.stop()

    def use(self, home: pathlib.Path) -> None:
        """The commands of this home are about this chain from now on."""
        services.run([BIN / "chatmcp", "--home", home, "chain", "use", PROGRAM, "--endpoint", self.url])

    def airdrop(self, home: pathlib.Path, address: str, sol: str) -> None:
        services.run([BIN / "chatmcp", "--home", home, "chain", "airdrop", address, sol])

    def _set_up(self) -> None:
        home = self.folder / "authority"
        wallet = home / "wallet.json"
        self.use(home)
        if not wallet.exists():
            # The test key that devnet deploys with: everybody has it.
            key = json.loads((ROOT / "devnet/keys/upgrade_authority.json").read_text())
            wallet.write_text(json.dumps(key["secret_key"]))
            wallet.chmod(0o600)
        address = services.run([BIN / "chatmcp", "wallet", "show", wallet]).strip()
        self.airdrop(home, address, SET_UP_SOL)
        services.run([BIN / "chatmcp", "--home", home, "chain", "setup", "--wallet", wallet, "--yes"])

    def call(self, method: str, *params: object) -> object:
        """One JSON-RPC call."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
        request = urllib.request.Request(self.url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            reply = json.loads(answer.read())
        if "error" in reply:
            raise Failed(f"{method}: {reply['error']['message']}")
        return reply["result"]

    @contextlib.contextmanager
    def hurrying(self):
        """Slots go by fast for as long as the block lasts, so that what is done becomes final."""
        over = threading.Event()

        def pass_slots() -> None:
            while not over.wait(HURRY_SECONDS):
                self.advance(HURRY_SLOTS)

        thread = threading.Thread(target=pass_slots)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def advance(self, slots: int) -> None:
        """So many slots pass at once."""
        self.call("chatmcpDevnetAdvance", {"slots": slots})
