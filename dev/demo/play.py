"""Plays a conversation file through real processes: one home, wallet and set of processes for each speaker."""
import collections
import contextlib
import datetime
import json
import pathlib
import re
import statistics
import time

from demo import chain as development
from demo import services
from demo.services import BIN, Failed, say
from demo.speakers import Progress, Refused, Speaker, together

STARTED = time.monotonic()
BOUGHT_CHAT, STAMP_CHAT = "10", "1"
READ_SECONDS_MAX = 60
GRANT_HOURS = 2
# Words that carry no content, for the share of the reference's content words.
STOP_WORDS = frozenset("""a about after all also an and any are as at be because been but by can could did do does for from had has have he her his how
if in into is it its just like more most my no not of on one or our out over s she should so some such t than that the their them then there these they this to
too up us very was we were what when which while who will with would you your""".split())


class Cast:
    """Who plays which part. With few speakers one person plays several."""

    def __init__(self, speakers: list[Speaker], first_half: list[dict]):
        self.everyone = speakers
        self.inviter = speakers[0]
        others = speakers[1:]
        spoken = collections.Counter(message["speaker"] for message in first_half)
        # The one who joins late says least in the first half: those lines cannot be sent.
        self.late = min(others, key=lambda s: spoken[s.name]) if len(others) >= 3 else None
        present = [s for s in others if s is not self.late]
        self.offline = present[0] if present else None
        self.silent = present[-1] if len(present) >= 2 else None  # Does not agree.
        self.asker = self.offline or self.inviter

    @property
    def founders(self) -> list[Speaker]:
        return [s for s in self.everyone if s is not self.late]

    @property
    def agreeing(self) -> list[Speaker]:
        return [s for s in self.everyone if s not in (self.inviter, self.silent)]


class Conversation:
    def __init__(self, file: pathlib.Path, folder: pathlib.Path, url: str):
        self.messages = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
        if not self.messages:
            raise Failed(f"{file}: no messages", 2)
        names = list(dict.fromkeys(message["speaker"] for message in self.messages))
        if len(names) < 2:
            raise Failed(f"{file}: a conversation needs two speakers", 2)
        half = len(self.messages) // 2
        self.first_half, self.second_half = self.messages[:half], self.messages[half:]
        self.speakers = [Speaker(number, name, folder, url) for number, name in enumerate(names)]
        self.by_name = {speaker.name: speaker for speaker in self.speakers}
        self.cast = Cast(self.speakers, self.first_half)
        self.chat = ""
        self.sent: list[tuple[dict, dict, Speaker]] = []  # (line of the file, reply of `send`, who)
        self.expected: dict[Speaker, dict[int, str]] = {speaker: {} for speaker in self.speakers}

    def send(self, message: dict, readers: list[Speaker]) -> None:
        speaker = self.by_name[message["speaker"]]
        reply = speaker.one("send", self.chat, text=message["text"])
        if reply["state"] != "delivered":
            raise Failed(f"{speaker.name}: message {message['n']} is {reply['state']}")
        self.sent.append((message, reply, speaker))
        for reader in readers:
            self.expected[reader][reply["position"]] = message["text"]

    def compare(self, readers: list[Speaker]) -> int:
        """What each one decrypted against the file; the number of comparisons."""
        compared = 0
        for reader in readers:
            reader.wait_for(list(self.expected[reader]), READ_SECONDS_MAX)
            for position, text in self.expected[reader].items():
                if reader.read[position]["text"] != text:
                    raise Failed(f"{reader.name} read something else than was sent at position {position}")
                compared += 1
        return compared


def step(number: int, text: str) -> None:
    say(f"\n[{number}] {text} ({time.monotonic() - STARTED:.0f} s)")


def sign_in(talk: Conversation) -> None:
    step(1, f"{len(talk.speakers)} speakers get a wallet and a device, sign in, and put up key packages")
    together("signed in", talk.speakers, Speaker.sign_in)
    for speaker in talk.speakers:
        say(f"    {speaker.number:2d}  {speaker.name:24} {speaker.address}")


def want_stamp(guarded: Speaker, inviter: Speaker, chain: development.Chain) -> None:
    for speaker in (inviter, guarded):
        chain.use(speaker.home)
        chain.airdrop(speaker.home, speaker.address, "1")
    inviter.one("token", "buy", BOUGHT_CHAT, "--wallet", inviter.wallet, "--yes")
    with chain.hurrying():  # The relay tells terms when the chain's program is final.
        settings = guarded.one("stamp", "settings", "--price", STAMP_CHAT)
    say(f"    {guarded.name} wants a stamp of {settings['price']} CHAT of strangers")


def start_group(talk: Conversation, chain: development.Chain) -> None:
    founders, inviter, guarded = talk.cast.founders, talk.cast.inviter, talk.cast.founders[1]
    step(2, f"{inviter.name} starts a group with {len(founders) - 1} wallet addresses; one of them takes strangers with a stamp "
            "(development chain: its CHAT is worth nothing)")
    want_stamp(guarded, inviter, chain)

    def show_balance(when: str) -> None:
        say(f"    {inviter.name} has {inviter.one('token', 'balance', inviter.address)['chat']} CHAT {when}")

    show_balance("before")
    with chain.hurrying():
        made = inviter.one("chat", "new", "--title", "demo", "--wallet", inviter.wallet, "--yes", *[s.address for s in founders[1:]])
    show_balance("while the stamp is locked")
    if made["missing"]:
        raise Failed(f"no device for {made['missing']}")
    talk.chat = made["chat"]

    def accept(speaker: Speaker) -> None:
        waiting = [line["chat"] for line in speaker.run("requests", "list")]
        if talk.chat not in waiting:
            raise Failed(f"{speaker.name} has no request")
        speaker.one("requests", "accept", talk.chat, *(("--wallet", speaker.wallet, "--yes") if speaker is guarded else ()))

    together("accepted", founders[1:], accept)
    show_balance("after it was accepted")
    say(f"    chat {talk.chat[:16]}…, all accepted")


def go_online(talk: Conversation, speaker: Speaker) -> None:
    speaker.go_online(talk.chat)
    speaker.wait_connected()


def first_half(talk: Conversation) -> None:
    cast = talk.cast
    step(3, f"the first {len(talk.first_half)} messages, each by its own speaker; one is offline for a while")
    together("online", cast.founders, lambda speaker: go_online(talk, speaker))
    progress = Progress("messages sent", len(talk.first_half))
    offline_from, offline_to = len(talk.first_half) // 3, 2 * len(talk.first_half) // 3
    left_out = 0
    for index, message in enumerate(talk.first_half):
        speaker = talk.by_name[message["speaker"]]
        if speaker is cast.late:
            left_out += 1
            continue
        if cast.offline and index == offline_from:
            cast.offline.go_offline()
            say(f"    {cast.offline.name} goes offline")
        if cast.offline and not cast.offline.online and (index >= offline_to or speaker is cast.offline):
            cast.offline.go_online(talk.chat)
            say(f"    {cast.offline.name} is back")
        talk.send(message, cast.founders)
        progress(index + 1)
    if cast.offline and not cast.offline.online:
        cast.offline.go_online(talk.chat)
    compared = talk.compare(cast.founders)
    if left_out:
        say(f"    {cast.late.name} is not in the conversation yet: {left_out} lines of that speaker are left out")
    say(f"    {compared} decrypted texts equal the file's")


def expect_refusal(what: str, action) -> None:
    try:
        action()
    except Refused as refused:
        say(f"    {what}: refused, {refused}")
        return
    raise Failed(f"{what} was not refused")


def invite(talk: Conversation, fingerprint: str) -> dict:
    inviter = talk.cast.inviter
    step(4, f"{inviter.name} looks at the assistant, is refused by the default policy, installs the machine's policy, invites")
    offered = inviter.run("assistant", "list")
    if not offered:
        raise Failed("the node lists no assistant")
    assistant = offered[0]["assistant"]
    report = inviter.one("assistant", "show", assistant)
    for factor in report["factors"]:
        say(f"    {factor['result']:14} {factor['id']:28} {factor['detail']}")
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=GRANT_HOURS)
    arguments = ("assistant", "invite", talk.chat, assistant, "--scope", "answer,summarise", "--until",
                 until.strftime("%Y-%m-%dT%H:%M:%SZ"), "--past")
    expect_refusal("invite under the default policy", lambda: inviter.one(*arguments))
    inviter.one("policy", "allow-simulated", fingerprint)
    invited = inviter.one(*arguments)
    say(f"    companion {invited['companion'][:16]}…, measurement {invited['measurement'][:16]}…, scopes {invited['scopes']}")
    return invited


def agree(talk: Conversation, fingerprint: str) -> None:
    cast = talk.cast
    step(5, "the others see who was invited; each who agrees trusts the machine first; one does not agree, one joins only now")
    present = [s for s in cast.agreeing if s is not cast.late]

    def look_and_agree(speaker: Speaker) -> None:
        report = speaker.one("assistant", "show", talk.chat)
        if speaker is present[0]:
            say(f"    {speaker.name} sees measurement {report['measurement'][:16]}…, scopes {report['scopes']}")
            expect_refusal("agree without the policy", lambda: speaker.one("assistant", "agree", talk.chat))
        speaker.one("policy", "allow-simulated", fingerprint)
        agreed = speaker.one("assistant", "agree", talk.chat, *(["--past"] if present.index(speaker) % 2 == 0 else []))
        say(f"    {speaker.name} agrees, words {'of the past too' if agreed['from'] == 'past' else 'from now on'}")

    together("agreed", present, look_and_agree)
    if cast.silent:
        say(f"    {cast.silent.name} does not agree")
    if cast.late:
        cast.inviter.one("chat", "add", talk.chat, cast.late.address)
        cast.late.run("requests", "list")
        cast.late.one("requests", "accept", talk.chat)
        cast.late.one("policy", "allow-simulated", fingerprint)
        cast.late.one("assistant", "agree", talk.chat)
        cast.late.go_online(talk.chat)
        say(f"    {cast.late.name} joins only now, and agrees")
    progress = Progress("messages sent", len(talk.second_half))
    for index, message in enumerate(talk.second_half):
        talk.send(message, talk.speakers)
        progress(index + 1)
    say(f"    {len(talk.second_half)} more messages; {talk.compare(talk.speakers)} decrypted texts equal the file's")


def content_words(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z0-9']+", text.lower()) if word not in STOP_WORDS and len(word) > 2}


def share(answer: str, reference: str) -> float:
    wanted = content_words(reference)
    return len(wanted & content_words(answer)) / len(wanted) if wanted else 0.0


def ask(talk: Conversation, reference: dict) -> list[dict]:
    asker = talk.cast.asker
    step(6, f"{asker.name} asks; answers and receipts appear in the conversation")
    answers = []
    for kind, item, flags in (("question", reference["questions"][0], []), ("summary", reference["summary"][0], ["--summarise"])):
        answer = asker.one("ask", talk.chat, *flags, text=item["question"], on_line=Progress().of_answer)
        text = " ".join([answer["answer"], *answer["points"]])
        say(f"    {kind}: {item['question']}")
        say(f"      assistant: {text}")
        say(f"      reference: {item['answer']}")
        say(f"      {share(text, item['answer']):.0%} of the reference's content words; rests on {len(answer['rests_on'])} messages; "
            f"first token {answer['first_token_ms']} ms, {answer['tokens_per_second']:.1f} tokens/s; dropped {len(answer['dropped'])}")
        answers.append(answer)
    check_consent(talk, answers)
    return answers


def check_consent(talk: Conversation, answers: list[dict]) -> None:
    """No message id of the one who did not agree is among the receipts' inputs."""
    silent = talk.cast.silent
    forbidden = {reply["message"] for _, reply, who in talk.sent if who is silent}
    for number, answer in enumerate(answers):
        file = talk.speakers[0].home.parent / f"receipt-{number}.bin"
        shown = talk.cast.asker.one("receipt", "show", talk.chat, answer["receipt"], "--out", file, "--evidence",
                                    talk.speakers[0].home.parent / "evidence.cmw")
        if forbidden & set(shown["inputs"]):
            raise Failed("a receipt names words of somebody who did not agree")
        say(f"    receipt {number}: {len(shown['inputs'])} input messages, none of the {len(forbidden)} by {silent.name if silent else 'nobody'}")


def door_messages(assistant) -> int:
    metrics = services.get(f"http://127.0.0.1:{assistant.ready['metrics_port']}/metrics")
    return int(float(re.search(r"^chatmcp_door_message_frames_total (\S+)$", metrics, re.M).group(1)))


def revoke(talk: Conversation, assistant) -> None:
    step(7, "the grant is revoked; one more message; nothing reaches the companion or the door")
    revoked = talk.cast.inviter.one("assistant", "revoke", talk.chat)
    time.sleep(1)
    before = door_messages(assistant)
    talk.send({"n": -1, "speaker": talk.cast.inviter.name, "text": "The assistant is gone."}, talk.speakers)
    talk.compare(talk.speakers)
    time.sleep(1)
    companion = talk.cast.inviter.one("assistant", "show", talk.chat)
    after = door_messages(assistant)
    if companion["state"] != "revoked" or companion.get("position", revoked["position"]) != revoked["position"] or after != before:
        raise Failed(f"after the Remove: state {companion['state']}, door {before} -> {after}")
    say(f"    companion topic stays at {revoked['position']}, door stays at {after} message frames")


def verify_offline(talk: Conversation, answers: list[dict], model: pathlib.Path, fingerprint: str) -> None:
    step(8, "node and assistant are stopped; receipts and evidence are verified from files")
    folder = talk.speakers[0].home.parent
    verifier = Speaker(99, "verifier", folder, "http://127.0.0.1:9")
    policy = folder / "policy.json"
    policy.write_text(json.dumps(talk.cast.inviter.one("policy", "show")))
    for number, _ in enumerate(answers):
        file = folder / f"receipt-{number}.bin"
        result = verifier.one("receipt", "verify", file, "--policy", policy, "--replay", "--enclave", BIN / "chatmcp-enclave",
                              "--model", model, "--config", services.ROOT / "dev/assistant.json")
        say(f"    receipt {number}: verifies {result['verifies']}, accepted {result['accepted']}, replay {result['replay']}")
        if not (result["verifies"] and result["accepted"]) or result["replay"] == "differs":
            raise Failed(f"receipt {number} did not verify: {result['refusals']}")
    evidence = folder / "evidence.cmw"
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    result = verifier.one("attest", "verify", evidence, "--at", now, "--policy", policy)
    say(f"    evidence: kind {result['kind']}, verifies {result['verifies']}, accepted {result['accepted']}")
    if not result["verifies"]:
        raise Failed("the evidence did not verify")


def table(talk: Conversation, answers: list[dict], bytes_on_wire: int) -> None:
    step(9, "figures")
    latencies = sorted(reader.read[reply["position"]]["read_ms"] - reply["sent_ms"]
                       for _, reply, who in talk.sent for reader in talk.speakers
                       if reader is not who and reader is not talk.cast.offline and reply["position"] in reader.read)
    rows = [("wall time", f"{time.monotonic() - STARTED:.1f} s"), ("messages", str(len(talk.sent))),
            ("bytes on the wire per message", f"{bytes_on_wire / max(1, len(talk.sent)):.0f}")]
    if latencies:
        rows.append(("send to read, p50 / p99", f"{statistics.median(latencies):.0f} / {latencies[int(len(latencies) * 0.99)]:.0f} ms"))
    for number, answer in enumerate(answers):
        rows.append((f"answer {number}: first token, speed", f"{answer['first_token_ms']} ms, {answer['tokens_per_second']:.1f} tokens/s"))
    for name, value in rows:
        say(f"    {name:32} {value}")


def bytes_on_wire(url: str) -> int:
    metrics = services.get(f"{url}/metrics")
    return sum(int(float(value)) for value in re.findall(r"^chatmcp_body_bytes_total\{[^}]*\} (\S+)$", metrics, re.M))


def conversation(file: pathlib.Path, folder: pathlib.Path, model: pathlib.Path) -> int:
    """The whole demo. Raises Failed with the step's reason."""
    folder.mkdir(parents=True, exist_ok=True)
    reference = json.loads(file.with_suffix(".reference.json").read_text())
    with contextlib.ExitStack() as running:
        chain = development.Chain(folder, 0)
        running.callback(chain.stop)
        node = services.start_node(folder, 0, chain)
        running.callback(node.stop)
        url = f"http://127.0.0.1:{node.ready['port']}"
        say(f"node {url}; {file.name}; simulated TEE")
        talk = Conversation(file, folder, url)
        running.callback(lambda: [speaker.go_offline() for speaker in talk.speakers])
        sign_in(talk)
        start_group(talk, chain)
        first_half(talk)
        if not services.has_assistant():
            table(talk, [], bytes_on_wire(url))
            say("\nsteps 4 to 8 are not played: chatmcp-host, which runs the assistant, is not built yet (README.md, status)")
            return 0
        if reason := services.namespaces_forbidden():
            raise Failed(f"the assistant cannot start: {reason}")
        assistant = services.start_assistant(folder, url, model)
        running.callback(assistant.stop)
        fingerprint = assistant.ready["root_fingerprint"]
        invite(talk, fingerprint)
        agree(talk, fingerprint)
        answers = ask(talk, reference)
        revoke(talk, assistant)
        wire = bytes_on_wire(url)
        for speaker in talk.speakers:
            speaker.go_offline()
        assistant.stop()
        node.stop()
        verify_offline(talk, answers, model, fingerprint)
        table(talk, answers, wire)
    say("\nthe demo is done")
    return 0
