"""docs/host.md and docs/simtee.md against `--help` of the programs, in both directions: commands, options, needed options."""
import re
import subprocess
import unittest

import rig

OPTION = re.compile(r"--[a-z][a-z-]*")


def help_of(*words: str) -> str:
    ended = rig.program(*words, "--help")
    assert ended.returncode == 0, ended
    return ended.stdout


def options_of(text: str) -> dict[str, bool]:
    """Option to whether it has to be given, from a help page."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"\s+(?:-\w,)?(--[a-z-]+)", line):
            found[match.group(1)] = "REQUIRED" in line
    return found


def commands_of(text: str) -> set[str]:
    """Subcommands on a help page."""
    return set(re.findall(r"^  ([a-z]+)  ", text[re.search(r"(?i)^subcommands:", text, re.M).end() :], re.M))


class Manual(unittest.TestCase):
    def test_host_md_has_every_command_and_option_and_nothing_else(self):
        page = (rig.ROOT / "docs/host.md").read_text()
        sections = dict(re.findall(r"^## chatmcp-host ([a-z]+)\n(.*?)(?=^## )", page, re.M | re.S))
        self.assertEqual(set(sections), commands_of(help_of("chatmcp-host")))
        for command, section in sections.items():
            documented = {name: "Needed" in line for line in section.splitlines() if line.startswith("| `--")
                          for name in OPTION.findall(line.split("|")[1])}
            self.assertEqual(documented, options_of(help_of("chatmcp-host", command)), command)

    def test_host_md_names_every_exit_code(self):
        page = (rig.ROOT / "docs/host.md").read_text()
        table = page[page.index("## Exit codes of chatmcp-host") : page.index("## chatmcp-enclave")]
        self.assertEqual(re.findall(r"^\| (\d) \|", table, re.M), list("01234"))

    def test_simtee_md_has_every_command_and_option_and_nothing_else(self):
        page = (rig.ROOT / "docs/simtee.md").read_text()
        usage = dict(re.findall(r"^chatmcp-simtee ([a-z]+)(.*)$", page, re.M))
        self.assertEqual(set(usage), commands_of(help_of("chatmcp-simtee")))
        for command, line in usage.items():
            optional = set(OPTION.findall(" ".join(re.findall(r"\[[^]]*\]", line))))
            documented = {name: name not in optional for name in OPTION.findall(line)}
            self.assertEqual(documented | {"--help": False}, options_of(help_of("chatmcp-simtee", command)), command)

    def test_the_enclave_alone_ends_with_4(self):
        closed = rig.program("chatmcp-enclave")
        self.assertEqual(closed.returncode, 4, closed)
        for words in (["--replay", "/nonexistent", "/nonexistent"], ["--replay", rig.services.model_file(rig.MODEL), "/dev/null"]):
            ended = subprocess.run([rig.BIN / "chatmcp-enclave", *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
            self.assertEqual(ended.returncode, 4, ended)
            self.assertIn(ended.stderr.strip().removeprefix("chatmcp-enclave: "), rig.check_ids() | {"ENC-30"}, ended)


if __name__ == "__main__":
    rig.main()
