"""kill -9 of node, host, enclave and client commands at random moments of a conversation.

Three people take turns with lines of a recorded conversation, each has a `follow` running, and an assistant in which all
three agreed reads along. Every round kills one thing while up to three commands are under way. A client command that was
killed is run again; node and host are started again as a service manager would; the enclave is its host's affair.

Held: a message whose `send` said "delivered" is read by everybody at that position with that text; a message whose `send`
said that the relay is away arrives with a later command, once; nothing is shown twice, by `read` or by one `follow`; all
homes show the same lines in the same order, in the same epoch; `status` of every home is clean; questions that were under
way are answered.

    kills_test.py [--kills N] [--seed N]      30 kills unless told otherwise; the seed is printed and decides every choice
"""
import argparse
import itertools
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

from rig import Done, Failed, Rig, ROOT, Speaker, services, until

PEOPLE = 3
# Where the moment of a kill is drawn from: a command takes about a second on two busy cores.
MOMENT_SECONDS_MAX = 1.2
DOWN_SECONDS_MAX = 0.5
ASK_EVERY_KILLS = 10
COMMAND_SECONDS_MAX = 300
# A small model reads the whole conversation for every answer, and a question may wait for the one before it.
ANSWER_SECONDS_MAX = 1800
UNREACHABLE = 3
VICTIMS = ("node", "host", "enclave", "send", "read", "follow")
# The host gives up after so many enclaves that ended, and its service manager starts it again.
GAVE_UP = "HST-08"


class Sending:
    """One line of the conversation, sent by commands until one of them says what became of it."""

    def __init__(self, speaker: Speaker, text: str):
        self.speaker = speaker
        self.text = text
        self.attempts = 0
        self.delivered: list[dict] = []  # Replies of `send`.
        self.pending = False  # The relay was away: the home delivers it with a later command.
        self.process: subprocess.Popen | None = None

    def start(self, chat: str) -> None:
        self.attempts += 1
        self.process = self.speaker.start("send", chat, self.text, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self) -> bool:
        """Whether it has to be run again."""
        output, errors = self.process.communicate(timeout=COMMAND_SECONDS_MAX)
        done = Done.of(self.process.returncode, output, errors)
        if done.last.get("state") == "delivered":
            # It may have been killed after it had said so.
            self.delivered.append(done.last)
            return False
        if done.exit_code == -signal.SIGKILL:
            return True
        if done.exit_code == UNREACHABLE:
            # CLI-07 comes after the intent is durable; anything earlier would have another row.
            if done.check != "CLI-07":
                raise Failed(f"send ended with {done.exit_code}: {output}{errors}")
            self.pending = True
            return False
        raise Failed(f"{self.speaker.name}: send ended with {done.exit_code}: {output}{errors}")


class Killing:
    def __init__(self, rig: Rig, seed: int):
        self.rig = rig
        self.random = random.Random(seed)
        self.sendings: list[Sending] = []
        self.kills: Counter = Counter()
        self.gave_up = 0
        self.answers = 0
        texts = [json.loads(line)["text"] for line in (ROOT / "tests/conversations/TS3010a.jsonl").read_text().splitlines() if line]
        self.lines = (f"{number}: {text}" for number, text in enumerate(itertools.cycle(texts)))

    def moment(self) -> None:
        time.sleep(self.random.uniform(0, MOMENT_SECONDS_MAX))

    def say_hello(self) -> None:
        """Something for the assistant to answer from."""
        for speaker in self.rig.speakers:
            self.sendings.append(Sending(speaker, next(self.lines)))
            self.sendings[-1].start(self.rig.chat)
            expect(not self.sendings[-1].finish(), "a command was killed by somebody else")

    def round(self, victim: str) -> None:
        speakers = self.random.sample(self.rig.speakers, self.random.randint(1, PEOPLE))
        sendings = [Sending(speaker, next(self.lines)) for speaker in speakers]
        self.sendings += sendings
        for sending in sendings:
            sending.start(self.rig.chat)
        read = None
        if victim == "read":
            read = self.random.choice(self.rig.speakers)
            reading = read.start("read", self.rig.chat, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.moment()
        if victim == "send":
            sendings[0].process.kill()
        elif victim == "read":
            reading.kill()
            reading.wait()
        else:
            self.kill(victim)
        self.kills[victim] += 1
        again = [sending for sending in sendings if sending.finish()]
        if read:
            done = read.execute("read", self.rig.chat)
            expect(done.exit_code in (0, UNREACHABLE), f"read ended with {done}")
        for sending in again:
            while True:
                sending.start(self.rig.chat)
                if not sending.finish():
                    break
        self.revive_host()

    def kill(self, victim: str) -> None:
        rig = self.rig
        if victim == "node":
            rig.node.kill()
            time.sleep(self.random.uniform(0, DOWN_SECONDS_MAX))
            rig.start_node()
        elif victim == "host":
            rig.assistant.kill()
            time.sleep(self.random.uniform(0, DOWN_SECONDS_MAX))
            rig.start_assistant(wait=False)
        elif victim == "enclave":
            for launcher in services.children(rig.assistant.process.pid):
                for enclave in services.children(launcher):
                    services.kill_process(enclave)
        elif victim == "follow":
            speaker = self.random.choice(rig.speakers)
            speaker.go_offline(signal.SIGKILL)
            speaker.go_online(rig.chat)

    def revive_host(self) -> None:
        """What a service manager does. The only reason for which the host may end by itself is that enclaves kept ending."""
        status = self.rig.assistant.process.poll()
        if status is None:
            return
        log = self.rig.assistant.log.read_text(errors="replace").splitlines()
        if GAVE_UP not in (log[-1] if log else ""):
            raise Failed(f"the host ended by itself with {status}: {log[-3:]}")
        self.gave_up += 1
        self.rig.assistant.stop()
        self.rig.start_assistant(wait=False)

    def ask(self, victim: str) -> None:
        """A question is under way while something is killed; it is answered all the same."""
        asker = self.random.choice(self.rig.speakers)
        asking = asker.start("ask", self.rig.chat, "What was said?", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.moment()
        self.kill(victim)
        self.kills[victim] += 1
        ended = threading.Event()
        watch = threading.Thread(target=self.watch_host, args=(ended,), daemon=True)
        watch.start()
        try:
            output, errors = asking.communicate(timeout=ANSWER_SECONDS_MAX)
        finally:
            ended.set()
            watch.join()
        done = Done.of(asking.returncode, output, errors)
        if done.exit_code == UNREACHABLE:  # The question stays; its answer comes into the conversation.
            return
        # A small model's answer is often none that may be given; that is said by name, and is an answer too.
        answered = done.exit_code == 0 and "receipt" in done.last
        if not answered and not (done.exit_code == 1 and done.check.startswith("AST-")):
            raise Failed(f"ask ended with {done.exit_code}: {output}{errors}")
        self.answers += 1

    def watch_host(self, ended: threading.Event) -> None:
        while not ended.wait(0.5):
            self.revive_host()

    # ---- At the end ----

    def settle(self) -> None:
        """Everything runs again and every home has nothing left to do."""
        self.revive_host()
        self.rig.assistant.wait_ready()
        for speaker in self.rig.speakers:
            until(f"{speaker.name} has nothing pending", lambda: self.is_clean(speaker))

    @staticmethod
    def is_clean(speaker: Speaker) -> bool:
        done = speaker.execute("status")
        if done.exit_code not in (0, UNREACHABLE):
            raise Failed(f"status of {speaker.name}: {done}")
        status = done.last
        return done.exit_code == 0 and status["reachable"] and status["pending"] == 0 and status["requests"] == 0

    def compare(self) -> None:
        rig = self.rig
        lines = {}
        for speaker in rig.speakers:
            lines[speaker] = [line for line in speaker.run("read", rig.chat) if "message" in line]
            shown = speaker.one("chat", "show", rig.chat)
            expect(not shown["gaps"] and not shown["pending"] and shown["state"] == "active", f"{speaker.name}: {shown}")
            no_repeats(f"read of {speaker.name}", lines[speaker])
        first, *others = [[(line["position"], line["message"], line["author"], line["kind"], line["text"]) for line in each]
                          for each in lines.values()]
        for other in others:
            expect(other == first, f"homes show different lines: {set(first) ^ set(other)}")
        epochs = {(show["epoch"], show["epoch_authenticator"]) for show in (s.one("chat", "show", rig.chat) for s in rig.speakers)}
        expect(len(epochs) == 1, f"epochs {epochs}")
        self.compare_sent(first)
        self.compare_followed(first)

    def compare_sent(self, lines: list[tuple]) -> None:
        by_position = {line[0]: line for line in lines}
        copies = Counter(line[4] for line in lines if line[3] == "text")
        for sending in self.sendings:
            for reply in sending.delivered:
                line = by_position.get(reply["position"])
                expect(line is not None and line[1] == reply["message"] and line[2] == sending.speaker.address and line[4] == sending.text,
                       f"accepted at {reply['position']}, lost or changed: {sending.text!r} {line}")
            # A killed attempt may have left its message to a later command: one copy for each attempt at most.
            most = sending.attempts
            expect(1 <= copies[sending.text] <= most, f"{copies[sending.text]} copies after {most} attempts: {sending.text!r}")
        expect(len(copies) == len(self.sendings), "texts that nobody sent")

    def compare_followed(self, lines: list[tuple]) -> None:
        """Each `follow` showed each line once, in order; the last ones, which still run, showed all."""
        for speaker in self.rig.speakers:
            speaker.wait_for([line[0] for line in lines], COMMAND_SECONDS_MAX)
            for shown in speaker.shown:
                messages = [line for line in shown if "message" in line]
                no_repeats(f"follow of {speaker.name}", messages)
                positions = [line["position"] for line in messages]
                expect(positions == sorted(positions), f"follow of {speaker.name} is out of order")


def no_repeats(what: str, lines: list[dict]) -> None:
    for field in ("position", "message"):
        twice = [value for value, count in Counter(line[field] for line in lines).items() if count > 1]
        expect(not twice, f"{what}: {field} {twice} shown twice")


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Failed(otherwise)


def victims(kills: int, choices: random.Random) -> list[str]:
    """All kinds equally often, in an order that the seed decides."""
    drawn = list(itertools.islice(itertools.cycle(VICTIMS), kills))
    choices.shuffle(drawn)
    return drawn


def run(kills: int, seed: int) -> None:
    began = time.monotonic()
    with Rig() as rig:
        rig.start_conversation(PEOPLE)
        killing = Killing(rig, seed)
        killing.say_hello()
        rig.start_assistant()
        rig.invite_assistant()
        for speaker in rig.speakers:
            speaker.go_online(rig.chat)
        try:
            for number, victim in enumerate(victims(kills, killing.random)):
                if victim in ("node", "host", "enclave") and number % ASK_EVERY_KILLS == 0:
                    killing.ask(victim)
                else:
                    killing.round(victim)
            killing.ask("enclave")
            killing.settle()
            killing.compare()
        except Exception:
            for service in (rig.node, rig.assistant):
                print(f"end of {service.log.name}:", *service.log.read_text(errors="replace").splitlines()[-15:], sep="\n    ")
            raise
        print(f"{sum(killing.kills.values())} kills {dict(killing.kills)}, {len(killing.sendings)} lines sent, {killing.answers} answers, "
              f"host started again {killing.gave_up} times after it gave up, {time.monotonic() - began:.0f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.kills} kills", flush=True)
    try:
        run(options.kills, options.seed)
    except Failed as failure:
        print(f"kills_test --seed {options.seed} --kills {options.kills}: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
