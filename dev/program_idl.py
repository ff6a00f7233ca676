#!/usr/bin/python3
"""Makes the IDL of the Solana program out of its headers: a root node of Codama 1.5.1.

  dev/program_idl.py                   writes program/idl/chatmcp.json
  dev/program_idl.py --check           fails if what is there is another one
  dev/program_idl.py --output FILE     writes FILE

What it reads, by clang's own tree of WIRE_HEADERS and what they include: structs with kKind and Accounts are instructions, those with kKind and
header are accounts, the others types; `///` above and `//` behind a declaration are its docs; `Seeds:` in the docs of an account,
or of a field of one, says where it is; constants of addresses.h are what slots of their name take; enumerators of Error are the errors.
Anything else in a struct stops it, so that nothing is left out in silence.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "program" / "include"
WIRE_HEADERS = ("addresses.h", "errors.h", "instructions.h", "statements.h")
COMMITTED = ROOT / "program" / "idl" / "chatmcp.json"
CODAMA_VERSION = "1.5.1"
PROGRAM_VERSION = "1.0.0"
# It is on no cluster yet: whoever uses a client gives the address.
PROGRAM_ADDRESS = "11111111111111111111111111111111"

NUMBERS = {"uint8_t": "u8", "uint16_t": "u16", "uint32_t": "u32", "uint64_t": "u64"}
HEADERS = {"AccountHeader", "InstructionHeader"}
SLOT_ROLES = {
    "Readonly": (False, False),
    "Writable": (False, True),
    "Signer": (True, False),
    "WritableSigner": (True, True),
    "SignerMayRepeat": (True, False),
    "WritableMayRepeat": (False, True),
}
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Refused(Exception):
    """A header has something that this script does not know."""


# ---------------------------------------------------------------- clang's tree


def read_tree() -> dict:
    """The declarations of the headers, comments of both kinds attached to them."""
    source = "".join(f'#include "program/{header}"\n' for header in WIRE_HEADERS)
    command = ["clang++-19", "-std=c++23", "-ffreestanding", "-fparse-all-comments", f"-I{INCLUDE}", "-fsyntax-only"]
    made = subprocess.run([*command, "-Xclang", "-ast-dump=json", "-x", "c++", "-"], input=source, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise Refused(made.stderr)
    return json.loads(made.stdout)


def declarations(tree: dict) -> Iterator[dict]:
    """What stands in namespace chatmcp::program, in the order of the headers."""
    for outer in children(tree, "NamespaceDecl"):
        for inner in children(outer, "NamespaceDecl"):
            yield from inner.get("inner", [])


def children(node: dict, kind: str, name: str | None = None) -> list[dict]:
    return [child for child in node.get("inner", []) if child["kind"] == kind and name in (None, child.get("name"))]


def descendants(node: dict, kind: str) -> Iterator[dict]:
    for child in node.get("inner", []):
        if child["kind"] == kind:
            yield child
        yield from descendants(child, kind)


def text_of(node: dict) -> str:
    comments = children(node, "FullComment")
    return " ".join(" ".join(text["text"].split()) for comment in comments for text in descendants(comment, "TextComment")).strip()


def docs_of(node: dict) -> list[str]:
    text = text_of(node)
    return [text] if text else []


def constant(node: dict) -> int:
    """The value that an enumerator was given."""
    return int(next(descendants(node, "ConstantExpr"))["value"])


def camel(name: str) -> str:
    name = name[0].lower() + name[1:]
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


# ---------------------------------------------------------------- types


def fixed_bytes(size: int) -> dict:
    return {"kind": "fixedSizeTypeNode", "size": size, "type": {"kind": "bytesTypeNode"}}


def number(format_name: str) -> dict:
    return {"kind": "numberTypeNode", "format": format_name, "endian": "le"}


def zeros(size: int) -> dict:
    return {"kind": "bytesValueNode", "data": "00" * size, "encoding": "base16"}


class Types:
    """What the names of the headers are in Codama's words."""

    def __init__(self, everything: list[dict]):
        self.structs = {node["name"]: node for node in everything if node["kind"] == "CXXRecordDecl" and node.get("completeDefinition")}
        self.enums = {node["name"]: node for node in everything if node["kind"] == "EnumDecl"}

    def bytes_size(self, name: str) -> int | None:
        """N of a struct that is nothing but `uint8_t bytes[N]`."""
        fields = children(self.structs[name], "FieldDecl") if name in self.structs else []
        match = re.fullmatch(r"uint8_t\[(\d+)\]", fields[0]["type"]["qualType"]) if len(fields) == 1 and fields[0]["name"] == "bytes" else None
        return int(match[1]) if match else None

    def type_node(self, name: str) -> dict:
        array = re.fullmatch(r"(\w+)\[(\d+)\]", name)
        if array:
            size = int(array[2])
            if array[1] == "uint8_t":
                return fixed_bytes(size)
            return {"kind": "arrayTypeNode", "item": self.type_node(array[1]), "count": {"kind": "fixedCountNode", "value": size}}
        if name in NUMBERS:
            return number(NUMBERS[name])
        if name == "Key":
            return {"kind": "publicKeyTypeNode"}
        size = self.bytes_size(name)
        if name == "Label" and size is not None:
            return {"kind": "fixedSizeTypeNode", "size": size, "type": {"kind": "stringTypeNode", "encoding": "utf8"}}
        if size is not None:
            return fixed_bytes(size)
        if name in self.enums or name in self.structs:
            return {"kind": "definedTypeLinkNode", "name": camel(name)}
        raise Refused(f"type {name}")

    def tail_node(self, name: str) -> dict:
        if name == "uint8_t":
            return {"kind": "bytesTypeNode"}
        return {"kind": "arrayTypeNode", "item": self.type_node(name), "count": {"kind": "remainderCountNode"}}

    def fields(self, record: dict, first: dict | None = None, prefix: str = "") -> Iterator[dict]:
        """Name, docs, type and default of each field; the header's own stand in its place, `first` instead of its kind."""
        for index, field in enumerate(children(record, "FieldDecl")):
            name, type_name = field["name"], field["type"]["qualType"]
            if type_name in HEADERS:
                yield from self.fields(self.structs[type_name], first, "header_")
            elif first is not None and index == 0:
                yield {**first, "docs": docs_of(field)}
            elif name == "reserved":
                size = int(re.fullmatch(r"uint8_t\[(\d+)\]", type_name)[1])
                omitted = {"defaultValue": zeros(size), "defaultValueStrategy": "omitted"}
                yield {"name": camel(prefix + name), "docs": ["Zero."], "type": fixed_bytes(size), **omitted}
            else:
                yield {"name": camel(name), "docs": docs_of(field), "type": self.type_node(type_name)}
        for tail in children(record, "TypeAliasDecl", "Tail"):
            yield {"name": "tail", "docs": docs_of(tail), "type": self.tail_node(tail["type"]["qualType"])}

    def struct_node(self, record: dict, first: dict | None = None) -> dict:
        return {"kind": "structTypeNode", "fields": [{"kind": "structFieldTypeNode", **field} for field in self.fields(record, first)]}

    def enum_node(self, enum: dict) -> dict:
        """Codama's renderers count the names from zero, whatever their numbers are: a number without a name gets one."""
        named = {constant(value): camel(value["name"]) for value in children(enum, "EnumConstantDecl")}
        names = [named.get(value, f"unused{value}") for value in range(max(named) + 1)]
        variants = [{"kind": "enumEmptyVariantTypeNode", "name": name, "discriminator": value} for value, name in enumerate(names)]
        return {"kind": "enumTypeNode", "variants": variants, "size": number("u8")}


# ---------------------------------------------------------------- addresses


def base58(key: bytes) -> str:
    value, digits = int.from_bytes(key, "big"), ""
    while value:
        value, digit = divmod(value, len(BASE58))
        digits = BASE58[digit] + digits
    return BASE58[0] * (len(key) - len(key.lstrip(b"\0"))) + digits


def known_addresses(everything: list[dict]) -> dict[str, str]:
    """Slot name to address, of the constants of addresses.h, whose docs are the address too."""
    found = {}
    for node in everything:
        if node["kind"] != "VarDecl" or node["type"]["qualType"] != "const Key":
            continue
        octets = bytes(int(literal["value"]) for literal in descendants(node, "IntegerLiteral"))
        address = base58(octets.ljust(32, b"\0"))
        if address != text_of(node):
            raise Refused(f"{node['name']} is {address}, its comment says {text_of(node)}")
        found[re.sub(r"(?<!^)([A-Z])", r"_\1", node["name"][1:]).lower()] = address
    return found


def seeds_of(text: str) -> list[str] | None:
    match = re.search(r'Seeds: ("\w+"(?:, \w+(?:\[\d+\.\.\d+\])?)*)\.', text)
    if match is None and "Seeds:" in text:
        raise Refused(f"seeds: {text}")
    return match[1].split(", ") if match else None


def seed_node(seed: str, types: Types, record: dict) -> dict:
    if seed.startswith('"'):
        value = {"kind": "stringValueNode", "string": seed.strip('"')}
        return {"kind": "constantPdaSeedNode", "type": {"kind": "stringTypeNode", "encoding": "utf8"}, "value": value}
    name, low, high = re.fullmatch(r"(\w+)(?:\[(\d+)\.\.(\d+)\])?", seed).groups()
    field = children(record, "FieldDecl", name)[0]
    if low is None:
        return {"kind": "variablePdaSeedNode", "name": camel(name), "docs": docs_of(field), "type": types.type_node(field["type"]["qualType"])}
    docs = [f"Bytes {low} to {high} of {name}."]
    return {"kind": "variablePdaSeedNode", "name": f"{camel(name)}From{low}", "docs": docs, "type": fixed_bytes(int(high) - int(low))}


def pda_nodes(accounts: list[dict], types: Types) -> list[dict]:
    """Of accounts by their docs, and of those that belong to other programs by the docs of the field that names them."""
    found = []
    for record in accounts:
        for node in [record, *children(record, "FieldDecl")]:
            seeds = seeds_of(text_of(node))
            if seeds:
                nodes = [seed_node(seed, types, record) for seed in seeds]
                found.append({"kind": "pdaNode", "name": camel(node["name"]), "docs": [], "seeds": nodes})
    return found


# ---------------------------------------------------------------- accounts, instructions, errors


def discriminator(name: str, kinds: dict, record: dict) -> dict:
    """The first field, which has one value."""
    enumerator = next(descendants(children(record, "VarDecl", "kKind")[0], "DeclRefExpr"))["referencedDecl"]["name"]
    value = {"kind": "numberValueNode", "number": kinds[enumerator]}
    return {"name": name, "type": number("u8"), "defaultValue": value, "defaultValueStrategy": "omitted"}


def field_discriminator(name: str) -> list[dict]:
    return [{"kind": "fieldDiscriminatorNode", "name": name, "offset": 0}]


def account_node(record: dict, types: Types, kinds: dict) -> dict:
    name = camel(record["name"])
    fields = types.struct_node(record, discriminator("discriminator", kinds, record))
    link = {"kind": "pdaLinkNode", "name": name}
    return {"kind": "accountNode", "name": name, "docs": docs_of(record), "data": fields, "pda": link, "discriminators": field_discriminator("discriminator")}


def slot_node(field: dict, slots: dict[str, str], defaults: dict[str, dict]) -> dict:
    slot = re.fullmatch(r"(\w+)<A>", field["type"]["qualType"])
    if slot is None or slot[1] not in SLOT_ROLES:
        raise Refused(f"slot {field['name']} of {field['type']['qualType']}")
    signer, writable = SLOT_ROLES[slot[1]]
    docs = docs_of(field) + ([slots[slot[1]]] if slots[slot[1]] else [])
    node = {"kind": "instructionAccountNode", "name": camel(field["name"]), "isWritable": writable, "isSigner": signer, "isOptional": False, "docs": docs}
    if field["name"] in defaults:
        node["defaultValue"] = defaults[field["name"]]
    return node


def instruction_node(record: dict, types: Types, kinds: dict, slots: dict[str, str], defaults: dict[str, dict]) -> dict:
    first = discriminator("instruction", kinds, record)
    accounts = children(children(children(record, "ClassTemplateDecl", "Accounts")[0], "CXXRecordDecl")[0], "FieldDecl")
    arguments = [{"kind": "instructionArgumentNode", **field} for field in types.fields(children(record, "CXXRecordDecl", "Data")[0], first)]
    for argument in arguments:
        if argument["name"] == "bump":
            argument |= {"defaultValue": {"kind": "numberValueNode", "number": 0}, "defaultValueStrategy": "optional"}
    enumerator = next(descendants(children(record, "VarDecl", "kKind")[0], "DeclRefExpr"))["referencedDecl"]["name"]
    return {
        "kind": "instructionNode",
        "name": camel(enumerator),
        "docs": docs_of(record),
        "optionalAccountStrategy": "programId",
        "accounts": [slot_node(field, slots, defaults) for field in accounts],
        "arguments": arguments,
        "discriminators": field_discriminator("instruction"),
    }


def error_nodes(errors: dict) -> list[dict]:
    return [
        {"kind": "errorNode", "name": camel(value["name"]), "code": constant(value), "message": text_of(value), "docs": []}
        for value in children(errors, "EnumConstantDecl")
        if constant(value) != 0
    ]


def type_nodes(types: Types, taken: set[str]) -> list[dict]:
    """Enumerations and structs that are neither accounts nor instructions nor plain bytes."""
    enums = [(node, types.enum_node(node)) for name, node in types.enums.items() if name != "Error"]
    records = [node for name, node in types.structs.items() if name not in taken | HEADERS | {"Slot"} and types.bytes_size(name) is None]
    nodes = enums + [(record, types.struct_node(record)) for record in records]
    return [{"kind": "definedTypeNode", "name": camel(node["name"]), "docs": docs_of(node), "type": type_node} for node, type_node in nodes]


def make_idl() -> dict:
    everything = list(declarations(read_tree()))
    types = Types(everything)
    with_kind = [record for record in types.structs.values() if children(record, "VarDecl", "kKind")]
    accounts = [record for record in with_kind if children(record, "FieldDecl", "header")]
    instructions = [record for record in with_kind if children(record, "ClassTemplateDecl", "Accounts")]
    numbers = {name: {value["name"]: constant(value) for value in children(enum, "EnumConstantDecl")} for name, enum in types.enums.items()}
    for kinds, records in (("AccountKind", accounts), ("InstructionKind", instructions)):
        if len(set(numbers[kinds].values()) - {0}) != len(records):
            raise Refused(f"{len(records)} structs for the numbers of {kinds}")
    slots = {node["name"]: text_of(children(node, "TypeAliasDecl")[0]) for node in everything if node["kind"] == "TypeAliasTemplateDecl"}
    pdas = pda_nodes(accounts, types)
    addresses = known_addresses(everything)
    defaults = {name: {"kind": "publicKeyValueNode", "publicKey": address} for name, address in addresses.items()}
    for record in accounts:
        for node in [record, *children(record, "FieldDecl")]:
            if len(seeds_of(text_of(node)) or []) == 1:
                link = {"kind": "pdaLinkNode", "name": camel(node["name"])}
                defaults[node["name"].lower()] = {"kind": "pdaValueNode", "pda": link, "seeds": []}
    program = {
        "kind": "programNode",
        "name": "chatmcp",
        "publicKey": PROGRAM_ADDRESS,
        "version": PROGRAM_VERSION,
        "docs": ["CHAT, stakes, stamps, the registry of enclaves, anchors and votes of ChatMCP."],
        "accounts": [account_node(record, types, numbers["AccountKind"]) for record in accounts],
        "instructions": sorted(
            (instruction_node(record, types, numbers["InstructionKind"], slots, defaults) for record in instructions),
            key=lambda node: node["arguments"][0]["defaultValue"]["number"],
        ),
        "definedTypes": type_nodes(types, {record["name"] for record in with_kind}),
        "pdas": pdas,
        "errors": error_nodes(types.enums["Error"]),
    }
    return {"kind": "rootNode", "standard": "codama", "version": CODAMA_VERSION, "program": program, "additionalPrograms": []}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--output", type=Path, default=COMMITTED)
    arguments = parser.parse_args()
    try:
        made = json.dumps(make_idl(), indent=1) + "\n"
    except Refused as refused:
        print(f"program_idl.py: {refused}", file=sys.stderr)
        return 1
    if not arguments.check:
        arguments.output.write_text(made)
    elif arguments.output.read_text() != made:
        print(f"program_idl.py: {arguments.output} is not what the headers say: run dev/program_idl.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
