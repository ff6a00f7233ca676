"""The benches. Each takes a Run and gives its rows; the bars are those of docs/BENCHMARKS.md."""
import json
import pathlib
import queue
import statistics
import subprocess
import threading
import time

from demo import services
from demo.services import Failed
from measure import attest as attest_rows
from measure import chain as chain_rows
from measure import mls as mls_rows
from measure import rows
from measure.rows import Row
from measure.run import Run, counter, environment, milliseconds, resident_mib

LINE_SECONDS_MAX = 60
IDLE_SECONDS = 3
OUTPUT_TOKENS_MIN = 16
CONVERSATION_MESSAGES = 12  # A small model answers a short conversation sooner than a long one.
MORE_QUESTIONS = ("What is being designed?", "Who is the project manager?", "How much may it cost?", "What should the remote control look like?",
                  "Which animal is drawn?", "When is the next meeting?")


def e2e(run: Run) -> list[Row]:
    """send-to-read between two clients on loopback over a real node; 64 senders; the same through the terminal client."""
    return latency(run) + senders(run) + terminal(run)


def latency(run: Run) -> list[Row]:
    folder = run.fresh_folder("latency")
    node = run.node(folder)
    found = run.bench("latency", url=node.ready["url"], folder=folder, messages=run.count(1000, 20))
    run.stop(node)
    disk = found["fdatasync"]["p50"]
    read = found["read"]
    return [
        Row("e2e.fdatasync.p50", disk, "ms"),
        Row("e2e.fdatasync.p99", found["fdatasync"]["p99"], "ms"),
        Row("e2e.send_prepared.p50", found["prepared"]["p50"], "ms", floor=disk),
        Row("e2e.send_accepted.p50", found["accepted"]["p50"], "ms", floor=disk),
        rows.at_most("e2e.send_to_read.p50", read["p50"], "ms", 4 * disk + 4, "4 fdatasync + 4 ms", floor=disk),
        rows.at_most("e2e.send_to_read.p99", read["p99"], "ms", 10 * disk + 20, "10 fdatasync + 20 ms", floor=disk),
    ]


def senders(run: Run) -> list[Row]:
    folder = run.fresh_folder("senders")
    node = run.node(folder)
    url = node.ready["url"]
    count = run.count(64, 4)
    command = run.bench_command("throughput", {"url": url, "senders": count, "messages": run.count(40, 5)})
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        if program.stdout.readline() != "ready\n":
            raise Failed("chatmcp_bench throughput did not become ready")
        before = counter(url, "chatmcp_store_syncs_total")
        found = json.loads(program.communicate("go\n", timeout=600)[0])
    syncs = counter(url, "chatmcp_store_syncs_total") - before
    run.stop(node)
    return [
        Row(f"e2e.{count}_senders.messages_per_second", found["messages"] / found["ms"] * 1000, "1/s"),
        Row(f"e2e.{count}_senders.fsyncs_per_message", syncs / found["messages"], "fsync", peer=1.0),
    ]


class Follower:
    """A `chatmcp follow` process whose lines are read as they come."""

    def __init__(self, command: list[str]):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment())
        self._lines: queue.Queue = queue.Queue()
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        for line in self.process.stdout:
            self._lines.put(json.loads(line))

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + LINE_SECONDS_MAX
        while (left := deadline - time.monotonic()) > 0:
            try:
                if self._lines.get(timeout=left).get("text") == text:
                    return
            except queue.Empty:
                break
        raise Failed("chatmcp follow did not show a message in time")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def terminal(run: Run) -> list[Row]:
    folder = run.fresh_folder("terminal")
    node = run.node(folder)
    url = node.ready["url"]
    chat = run.bench("fill", url=url, first=folder / "first", second=folder / "second", messages=1)["chat"]
    follower = Follower(run.client_command(folder / "second", url, "follow", chat))
    whole, derivations = [], []
    try:
        for number in range(run.count(20, 2) + 1):
            text = f"from the terminal {number}"
            derivation = run.bench("kdf")["ms"]
            began = time.monotonic()
            run.client(folder / "first", url, "send", chat, text)
            follower.wait_for(text)
            if number > 0:  # The first one also waits for `follow` to be there.
                whole.append(milliseconds(began))
                derivations.append(derivation)
    finally:
        follower.stop()
    run.stop(node)
    return [Row("e2e.terminal.send_to_follow.p50", statistics.median(whole), "ms", peer=statistics.median(derivations))]


def wait_for_copies(run: Run, home: pathlib.Path, url: str, chat: str) -> None:
    """Until the invited assistant has the conversation: every command carries on what is pending."""
    deadline = time.monotonic() + LINE_SECONDS_MAX
    while time.monotonic() < deadline:
        run.client(home, url, "read", chat, "--since", "1000000")
        if not run.client(home, url, "chat", "show", chat)[-1]["pending"]:
            return
    raise Failed("the words of the conversation did not reach the assistant")


def question_that_is_answered(run: Run, home: pathlib.Path, url: str, chat: str) -> str:
    """A small model may write up to its limit and then has said, and timed, nothing. The same question gives the same tokens in one run;
    in another the author, who is named by the wallet's address, is somebody else."""
    reference = json.loads((services.ROOT / "tests/conversations/TS3010a.reference.json").read_text())
    questions = [item["question"] for item in [*reference["questions"], *reference["summary"]]]
    for question in [*questions, *MORE_QUESTIONS]:
        if run.client(home, url, "ask", chat, question)[-1]["tokens"] >= OUTPUT_TOKENS_MIN:
            return question
    raise Failed("the model answered none of the questions with enough tokens to time them")


def engine(run: Run) -> list[Row]:
    """a real question inside the enclave against the same prompt given to the same engine directly."""
    if reason := services.namespaces_forbidden():
        raise Failed(f"no enclave can start here: {reason}")
    folder = run.fresh_folder("engine")
    lines = (services.ROOT / "tests/conversations/TS3010a.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in lines if line.strip()]
    (folder / "texts").write_text("\n".join(text.replace("\n", " ") for text in texts) + "\n")
    node = run.node(folder)
    url = node.ready["url"]
    home = folder / "first"
    chat = run.bench("fill", url=url, first=home, second=folder / "second", texts=folder / "texts", messages=CONVERSATION_MESSAGES)["chat"]
    assistant = run.keep(services.start_assistant(folder, url, run.model))
    run.client(home, url, "policy", "allow-simulated", assistant.ready["root_fingerprint"])
    offered = run.client(home, url, "assistant", "list")[-1]["assistant"]
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    run.client(home, url, "assistant", "invite", chat, offered, "--scope", "answer", "--until", until, "--past")
    wait_for_copies(run, home, url, chat)
    question = question_that_is_answered(run, home, url, chat)
    context = json.loads((services.ROOT / "dev/assistant.json").read_text())["context_tokens"]
    inside, direct, walls = [], [], []
    for number in range(run.count(3, 1)):
        began = time.monotonic()
        answer = run.client(home, url, "ask", chat, question)[-1]
        walls.append(milliseconds(began))
        receipt = folder / f"receipt-{number}"
        run.client(home, url, "receipt", "show", chat, answer["receipt"], "--out", receipt)
        # The enclave has answered before; so has the engine called directly when its second round is taken.
        calls = run.bench("engine", model=run.model, receipt=receipt, context=context, rounds=2)["calls"]
        calls = calls[len(calls) // 2:]
        # The same bytes in, the same tokens out: otherwise the two are not the same work.
        if sum(call["output_tokens"] for call in calls) != answer["tokens"]:
            raise Failed(f"the enclave wrote {answer['tokens']} tokens, the engine called directly {calls}")
        inside.append((answer["tokens_per_second"], answer["first_token_ms"]))
        direct.append((answer["tokens"] / sum(call["generation_ms"] for call in calls) * 1000, calls[0]["first_token_ms"]))
    prompt = calls[0]["prompt_tokens"]
    run.stop(assistant)
    run.stop(node)
    return [
        rows.ratio_at_least("engine.tokens_per_second", statistics.median(speed for speed, _ in inside), "1/s", 0.95,
                            peer=statistics.median(speed for speed, _ in direct)),
        Row("engine.first_token", statistics.median(first for _, first in inside), "ms", peer=statistics.median(first for _, first in direct)),
        Row("engine.prompt_tokens_per_second", prompt / statistics.median(first for _, first in inside) * 1000, "1/s",
            peer=prompt / statistics.median(first for _, first in direct) * 1000),
        Row("engine.prompt_tokens", prompt, "tokens"),
        Row("engine.output_tokens", answer["tokens"], "tokens"),
        Row("engine.ask_command.p50", statistics.median(walls), "ms"),
    ]


def node(run: Run) -> list[Row]:
    """start time of the node, and its resident memory idle and after 10,000 messages."""
    folder = run.fresh_folder("node")
    starts = []
    for _ in range(run.count(10, 2)):
        began = time.monotonic()
        started = run.node(folder)
        starts.append(milliseconds(began))
        run.stop(started)
    idle = run.node(folder)
    time.sleep(run.count(IDLE_SECONDS, 0))
    idle_mib = resident_mib(idle.process)
    run.stop(idle)
    found = [Row("node.start.p50", statistics.median(starts), "ms"), rows.at_most("node.resident_idle", idle_mib, "MiB", 64)]
    if run.quick:
        return found
    warm = run.warm()
    after = resident_mib(warm["node"].process)
    return [*found, Row("node.resident_after_10000_messages", after, "MiB", peer=idle_mib),
            Row("node.messages_per_second_while_filling", warm["messages"] / warm["ms"] * 1000, "1/s")]


# It prints 10,000 lines.
WITHOUT_BAR = ("read_all",)


def client(run: Run) -> list[Row]:
    """single commands on a home with 10,000 messages, beside key derivation and round trip."""
    warm = run.warm()
    last = run.client(warm["first"], warm["url"], "chat", "list")[0]["last_position"]
    commands = {
        "chat_list": ("chat", "list"),
        "status": ("status",),
        "read_last_20": ("read", warm["chat"], "--since", str(last - 20)),
        "send": ("send", warm["chat"], "one more message"),
        "read_all": ("read", warm["chat"]),
    }
    # These homes' keys cost nothing to derive, so that a command's time is its own; the derivation of a usual home has its own row.
    times: dict[str, list[float]] = {name: [] for name in commands}
    derivations, trips = [], []
    for _ in range(run.count(25, 1)):
        derivations.append(run.bench("kdf")["ms"])
        trips.append(run.bench("round-trip", url=warm["url"], count=50)["p50"])
        for name, command in commands.items():
            began = time.monotonic()
            run.client(warm["first"], warm["url"], *command)
            times[name].append(milliseconds(began))
    trip = statistics.median(trips)
    made = [Row("client.key_derivation.p50", statistics.median(derivations), "ms"), Row("client.round_trip.p50", trip, "ms")]
    for name in commands:
        value = statistics.median(times[name])
        if name in WITHOUT_BAR:
            made.append(Row(f"client.{name}.p50", value, "ms"))
        else:
            made.append(rows.at_most(f"client.{name}.p50", value, "ms", 100 + trip, "beside key derivation: 100 ms and one round trip"))
    return made


def mls(run: Run) -> list[Row]:
    """MLS operations against the bare AWS-LC calls in them, mls-rs and ts-mls."""
    return mls_rows.measure(run)


def attest(run: Run) -> list[Row]:
    """attestation evidence verified, against bare AWS-LC and other verifiers."""
    return attest_rows.measure(run)


def store(run: Run) -> list[Row]:
    """publishes a second at 1, 8 and 64 threads, checked, ordered and durable, without sockets."""
    made = []
    for threads in (1, 8, 64):
        found = run.bench("relay", folder=run.fresh_folder("relay"), threads=threads, messages=run.count(4096, 128))
        rate = found["messages"] / found["ms"] * 1000
        made.append(Row(f"store.{threads}_threads.publishes_per_second", rate, "1/s", floor=1000 / found["fdatasync"]["p50"]))
        made.append(Row(f"store.{threads}_threads.fsyncs_per_message", found["syncs"] / found["messages"], "fsync", peer=1.0))
    return made


WASM_OVERHEAD_BYTES_MAX = 200_000
WASM_RATIO_MAX = 1.5


def wasm(run: Run) -> list[Row]:
    """size of the core for browsers, and a message in WebAssembly, against AWS-LC alone there."""
    found = run.wasm_bench(run.count(300, 10))
    alone = found["aws_lc_bytes"]
    made = [rows.at_most("wasm.core.brotli", found["core_bytes"], "bytes", alone + WASM_OVERHEAD_BYTES_MAX, "AWS-LC alone + 200 kB", floor=alone),
            Row("wasm.load", found["load_ms"], "ms")]
    for one in found["messages"]:
        where = f"suite_{one['suite']}.{one['members']}_members"
        for what in ("encrypt", "decrypt"):
            made.append(rows.ratio_at_most(f"wasm.{what}.{where}.p50", one[what], "us", WASM_RATIO_MAX, floor=one[f"floor_{what}"]))
    return made


def chain(run: Run) -> list[Row]:
    """instructions of the program, transactions in C++, the node's check of a stamp."""
    return chain_rows.measure(run)


BENCHES = {bench.__name__: bench for bench in (e2e, engine, node, client, mls, attest, store, wasm, chain)}
