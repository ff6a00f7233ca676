"""chatmcp-host as its operator meets it: every refusal HST-01 to HST-08 with its exit code and one line that says what to do,
and that the host outlives its enclave and its relay.

Where a refusal needs a launcher that misbehaves, a script stands in for chatmcp-simtee (`--simtee`); the host is the real one.
"""
import resource
import signal
import socket
import stat
import subprocess
import sys
import unittest

import rig

REFUSED, UNUSABLE, UNREACHABLE, LOCAL_FAILURE = 1, 2, 3, 4
RESTARTS_MAX = 5
LAUNCHED = '{"root":"' + "0" * 64 + '"}'
# A frame of one byte: too short for the type that every frame begins with.
SHORT_FRAME = b"\\0\\0\\0\\1\\7"

LAUNCHER = """#!{python}
import os, socket, sys
door = socket.socket(fileno=int(sys.argv[sys.argv.index("--door-fd") + 1]))
{body}
"""
SAYS_NOTHING = "sys.exit(4)"
SENDS_NO_FRAME = f"door.sendall(b'{SHORT_FRAME.decode()}')\nprint('{LAUNCHED}', flush=True)\nwhile door.recv(65536): pass"
CLOSES = f"door.close()\nprint('{LAUNCHED}', flush=True)"


class Host(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = rig.Rig()
        cls.addClassCleanup(cls.rig.close)
        cls.rig.start_node()
        cls.wallet = cls.rig.folder / "operator.json"
        rig.program("chatmcp", "wallet", "new", cls.wallet)

    def options(self, url: str = "") -> list:
        return rig.services.assistant_options(self.rig.folder / self.id(), url or self.rig.url, rig.services.model_file(rig.MODEL))

    def launcher(self, body: str) -> list:
        """Options that put a script in the launcher's place."""
        script = self.rig.folder / f"{self.id()}.py"
        script.write_text(LAUNCHER.format(python=sys.executable, body=body))
        script.chmod(stat.S_IRWXU)
        options = self.options()
        options[options.index("--simtee") + 1] = script
        return options

    def assert_refused(self, ended: subprocess.CompletedProcess, exit_code: int, check: str):
        self.assertEqual(ended.returncode, exit_code, ended)
        self.assertIn(check, rig.check_ids())
        last = ended.stderr.splitlines()[-1]
        self.assertRegex(last, rf"^chatmcp-host: (login|run): [a-z_]+; .{{15,}} \[{check}\]$")

    def test_a_wallet_that_cannot_be_read_is_unusable(self):
        large = self.rig.folder / "large"
        large.write_bytes(bytes(5000))
        for wallet in (self.rig.folder / "none", self.rig.folder, large, "/dev/null", "/dev/zero"):
            with self.subTest(str(wallet)):
                self.assert_refused(rig.program("chatmcp-host", "login", "--wallet", wallet, *self.options()), UNUSABLE, "HST-01")

    def test_a_launcher_that_starts_nothing_is_a_local_failure(self):
        for command in (["run"], ["login", "--wallet", self.wallet]):
            ended = rig.program("chatmcp-host", *command, *self.launcher(SAYS_NOTHING))
            self.assert_refused(ended, LOCAL_FAILURE, "HST-02")
        options = self.options()
        options[options.index("--simtee") + 1] = self.rig.folder / "none"
        self.assert_refused(rig.program("chatmcp-host", "run", *options), LOCAL_FAILURE, "HST-02")

    def test_an_assistant_that_no_operator_signed_for_is_refused(self):
        if reason := rig.services.namespaces_forbidden():
            self.fail(f"this test needs the sandbox, which cannot be made here: {reason}")
        self.assert_refused(rig.program("chatmcp-host", "run", *self.options()), REFUSED, "HST-03")

    def test_what_is_no_frame_ends_the_host(self):
        self.assert_refused(rig.program("chatmcp-host", "run", *self.launcher(SENDS_NO_FRAME)), UNUSABLE, "HST-04")

    def test_a_login_whose_enclave_ends_early_is_a_local_failure(self):
        ended = rig.program("chatmcp-host", "login", "--wallet", self.wallet, *self.launcher(CLOSES))
        self.assert_refused(ended, LOCAL_FAILURE, "HST-05")

    def test_without_a_descriptor_left_there_is_no_metrics_page(self):
        # From too few for its store to enough for it, but not for one socket more.
        for descriptors in range(4, 16):
            ended = rig.program("chatmcp-host", "run", *self.options(),
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors)))
            if "HST-06" in ended.stderr:
                break
            self.assertEqual(ended.returncode, LOCAL_FAILURE, ended)
        self.assert_refused(ended, LOCAL_FAILURE, "HST-06")

    def test_a_relay_that_is_not_there_is_unreachable(self):
        with socket.socket() as nobody:  # Bound and never listening: nobody else takes the port.
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            for command in (["run"], ["login", "--wallet", self.wallet]):
                self.assert_refused(rig.program("chatmcp-host", *command, *self.options(url)), UNREACHABLE, "HST-07")

    def test_an_enclave_that_keeps_ending_is_given_up(self):
        ended = rig.program("chatmcp-host", "run", *self.launcher(CLOSES))
        self.assert_refused(ended, LOCAL_FAILURE, "HST-08")
        self.assertEqual(ended.stderr.count("enclave ended, started again"), RESTARTS_MAX)

    def test_usage_errors_are_unusable_input(self):
        for words in ([], ["run"], ["fly"], ["login", "--wallet"]):
            self.assertEqual(rig.program("chatmcp-host", *words).returncode, UNUSABLE, words)


class HostOutlives(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.addCleanup(self.rig.close)

    def enclaves(self) -> list[int]:
        launchers = rig.services.children(self.rig.assistant.process.pid)
        return [enclave for launcher in launchers for enclave in rig.services.children(launcher)]

    def test_an_enclave_that_ends_while_the_relay_is_away_is_started_when_it_is_back(self):
        self.rig.start_node()
        self.rig.start_assistant()
        [before] = self.enclaves()
        self.rig.node.kill()
        rig.services.kill_process(before)
        rig.until("the host notices", lambda: "enclave ended, started again" in self.rig.assistant.log.read_text())
        self.rig.start_node()
        [after] = rig.until("an enclave again", self.enclaves)
        self.assertNotEqual(after, before)
        self.assertEqual(self.rig.assistant.stop(), 0)

    def test_a_signal_ends_it_while_it_waits_for_the_relay(self):
        self.rig.start_node()
        self.rig.start_assistant()
        self.rig.node.kill()
        [enclave] = self.enclaves()
        rig.services.kill_process(enclave)
        rig.until("the host notices", lambda: "enclave ended, started again" in self.rig.assistant.log.read_text())
        # Between two lives the signal's own effect ends it; there is nothing to put in order then.
        self.assertIn(self.rig.assistant.stop(), (0, -signal.SIGTERM))


if __name__ == "__main__":
    rig.main()
