"""A node whose disk is full, as people meet it. The node's data lies in a small tmpfs of an own user and mount namespace.

Held: `send`, `chat new` and `login` are refused with resource_exhausted, exit code 1 and a line that says what to do; what was
accepted before stays readable while the disk is full, also after a kill -9 of the node; as soon as there is room everything
works again without a restart, what waited in a home is delivered once, and nothing accepted is lost. A home on a full disk
fails with exit code 4 and is unharmed.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import rig

DISK_BYTES = 64 * 1024 * 1024
INSIDE = "CHATMCP_TEST_INSIDE_NAMESPACE"
SECONDS_UNTIL_REFUSED = 3
REFUSED = 1
LOCAL_FAILURE = 4


def fill(folder: pathlib.Path) -> pathlib.Path:
    """Until not one more byte goes in."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block in (1 << 16, 1):
            try:
                while True:
                    file.write(bytes(block))
            except OSError:
                continue
    return ballast


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.addCleanup(self.rig.close)
        self.disk = self.rig.folder / "node"
        self.disk.mkdir()
        # Nobody outside sees this mount, and it ends with this process.
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0700,size={DISK_BYTES}", "tmpfs", self.disk], check=True)
        self.rig.callback(subprocess.run, ["umount", "--lazy", self.disk], check=False)
        self.rig.start_conversation(2)

    def assert_exhausted(self, speaker, *words):
        done = speaker.execute("--timeout", SECONDS_UNTIL_REFUSED, *words)
        self.assertEqual(done.exit_code, REFUSED, done)
        self.assertEqual(done.last["error"], "resource_exhausted", done)
        self.assertIn(done.check, rig.check_ids())
        self.assertIn("the relay is full or busy; what was begun waits here", done.last["message"])

    def texts(self, speaker) -> list[str]:
        return [line["text"] for line in speaker.run("read", self.rig.chat) if line["state"] == "delivered"]

    def test_people_are_refused_until_there_is_room_and_lose_nothing(self):
        sender, reader = self.rig.speakers
        accepted = [f"before {number}" for number in range(5)]
        for text in accepted:
            sender.one("send", self.rig.chat, text)
        ballast = fill(self.disk)
        for speaker in (sender, reader):
            self.assert_exhausted(speaker, "send", self.rig.chat, f"waits, {speaker.name}")
        self.assert_exhausted(sender, "chat", "new", "--title", "no room", reader.address)
        newcomer = rig.Speaker(9, "newcomer", self.rig.folder, self.rig.url)
        newcomer.one("wallet", "new", newcomer.wallet)
        self.assert_exhausted(newcomer, "login", "--wallet", newcomer.wallet)
        self.assertEqual(self.texts(reader), accepted)

        self.rig.node.kill()
        ballast.unlink()
        self.rig.start_node()
        ballast = fill(self.disk)
        self.assertEqual(self.texts(reader), accepted)
        self.assert_exhausted(sender, "send", self.rig.chat, "waits too")

        ballast.unlink()
        for speaker in (reader, sender):
            self.assertEqual(speaker.one("send", self.rig.chat, f"after, {speaker.name}")["state"], "delivered")
        newcomer.one("login", "--wallet", newcomer.wallet)
        self.assertEqual(newcomer.one("status")["reachable"], True)
        for speaker in (sender, reader):
            rig.until("nothing pending", lambda: speaker.one("status")["pending"] == 0)
        shown = self.texts(sender)
        self.assertEqual(shown, self.texts(reader))
        self.assertEqual(shown[: len(accepted)], accepted)
        self.assertEqual(sorted(shown[len(accepted) :]),
                         sorted(["waits too", *(f"{when}, {s.name}" for when in ("waits", "after") for s in (sender, reader))]))

    def test_a_node_that_starts_on_a_full_disk_says_so_and_starts_when_there_is_room(self):
        sender, reader = self.rig.speakers
        sender.one("send", self.rig.chat, "before")
        ballast = fill(self.disk)
        self.rig.node.kill()
        again = rig.program("chatmcp-node", "--data", self.disk, "--listen", "127.0.0.1:1")
        self.assertEqual(again.returncode, 4, again)
        self.assertIn("the disk is full (resource_exhausted, ", again.stderr)
        self.assertIn(again.stderr.rstrip().rstrip(")").rpartition(" ")[2], rig.check_ids())
        ballast.unlink()
        self.rig.start_node()
        self.assertEqual(self.texts(reader), ["before"])


    def test_a_home_on_a_full_disk_is_a_local_failure_and_unharmed(self):
        sender, reader = self.rig.speakers
        with tempfile.TemporaryDirectory(dir=self.rig.folder) as folder:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0700,size=4m", "tmpfs", folder], check=True)
            disk = pathlib.Path(folder)
            try:
                shutil.copytree(sender.home, disk / "home")
                sender.home = disk / "home"
                ballast = fill(disk)
                done = sender.execute("send", self.rig.chat, "no room at home")
                self.assertEqual((done.exit_code, done.check), (LOCAL_FAILURE, "STO-03"), done)
                self.assertIn("check the disk", done.last["message"])
                ballast.unlink()
                sender.one("send", self.rig.chat, "room again")
            finally:
                subprocess.run(["umount", "--lazy", folder], check=True)
        self.assertEqual(self.texts(reader), ["room again"])


def enter_namespace() -> None:
    """This program again, as root of an own user namespace with own mounts."""
    again = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-BEs", *sys.argv],
                           env=dict(os.environ, **{INSIDE: "1"}), check=False)
    sys.exit(again.returncode)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        probe = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "true"], capture_output=True, text=True, check=False)
        if probe.returncode != 0:
            sys.exit(f"this test needs an own user and mount namespace, which this machine forbids: {probe.stderr.strip()}")
        enter_namespace()
    rig.main()
