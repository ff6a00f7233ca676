#!/usr/bin/env python3
"""The errors of the program with their texts, as a header for clients in C++.

    program/error_texts.py program/include/program/errors.h OUTPUT

Each enumerator's comment in errors.h is its text: it is written once.
"""

import re
import sys
from pathlib import Path

ENTRY = re.compile(r"((?:    /// .*\n)+)    (\w+) = (\d+),\n")


def entries(header: str) -> list[tuple[int, str]]:
    """(number, text) of every error but `none`, in the header's order."""
    found = []
    for comment, _, number in ENTRY.findall(header):
        found.append((int(number), " ".join(line.strip().removeprefix("/// ") for line in comment.splitlines())))
    numbers = re.findall(r"^    \w+ = (\d+),$", header, re.MULTILINE)
    if [int(number) for number in numbers] != [0, *(number for number, _ in found)]:
        raise SystemExit("every error but none has a comment of its own above it")
    return found


def generated(header: str) -> str:
    rows = "".join(f'    {{{number}, "{text}"}},\n' for number, text in entries(header))
    return (
        "// Made by program/error_texts.py from program/errors.h.\n#pragma once\n\n#include <array>\n#include <cstdint>\n#include <string_view>\n"
        "#include <utility>\n\nnamespace chatmcp::chain {\n\n"
        "inline constexpr auto kProgramErrors = std::to_array<std::pair<std::uint32_t, std::string_view>>({\n"
        f"{rows}}});\n\n}}  // namespace chatmcp::chain\n"
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    Path(sys.argv[2]).write_text(generated(Path(sys.argv[1]).read_text()))
