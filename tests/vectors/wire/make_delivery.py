"""Writes delivery.json: one value of each structure of src/wire/delivery.h, encoded from the formats' own words.

A second, independent writer: it shares no code with the C++ one. Usage: python3 make_delivery.py > delivery.json
"""
import hashlib
import json


def u(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


def vector(content: bytes) -> bytes:
    """RFC 9420 section 2.1.2."""
    if len(content) < 1 << 6:
        return u(len(content), 1) + content
    if len(content) < 1 << 14:
        return u(len(content) | 1 << 14, 2) + content
    return u(len(content) | 2 << 30, 4) + content


def run(first: int, size: int) -> bytes:
    return bytes((first + i) & 0xFF for i in range(size))


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


RELAY, TOPIC = run(0x00, 32), sha256(b"chatmcp topic" + run(0x20, 32))
NEXT, ADMISSION, ROOT, INBOX = run(0x40, 32), run(0x60, 32), run(0x80, 32), run(0xA0, 32)
COMMIT, PAYLOAD, WELCOME = run(1, 100), run(2, 70), run(3, 20_000)
CHALLENGE, SIGNATURE, NOW_MS = run(9, 56), run(0xC0, 64), 1_780_000_000_123


def admission(epoch: int, operation: int, binding: bytes) -> bytes:
    return RELAY + TOPIC + u(epoch, 8) + u(operation, 1) + vector(binding)


acceptance = RELAY + TOPIC + u(7, 8) + sha256(COMMIT) + NEXT + u(42, 8) + u(NOW_MS, 8)
bundle_body = vector(COMMIT) + NEXT + vector(INBOX + vector(WELCOME) + run(0xB0, 32) + vector(b""))
cursor = u(41, 8) + vector(CHALLENGE)
agent = (vector(run(5, 300)) + run(0x33, 32) + vector("Prüfer".encode()) + vector(b"SmolLM2-135M-Instruct Q4_K_M") +
         vector(bytes([1, 2])) + u(NOW_MS, 8))
readd = TOPIC + u(7, 8) + sha256(b"chatmcp readd" + run(0x50, 32)) + u(NOW_MS, 8) + vector(run(6, 200))

CASES = {
    "topic_of(20..3f)": TOPIC,
    "CreateTopic.signed": admission(0, 1, sha256(ADMISSION)),
    "PublishBundle.signed": admission(7, 2, sha256(bundle_body)),
    "PublishMessage.signed": admission(8, 3, sha256(PAYLOAD)),
    "ReadTopic.signed": admission(8, 4, cursor),
    "SubscribeTopic.signed": admission(8, 5, cursor),
    "Acceptance.signed": acceptance,
    "Acceptance": acceptance + SIGNATURE,
    "Envelope message": u(43, 8) + u(8, 8) + u(1, 1) + u(NOW_MS, 8) + vector(PAYLOAD) + u(0, 1),
    "Envelope bundle": u(42, 8) + u(7, 8) + u(2, 1) + u(NOW_MS, 8) + vector(COMMIT) + u(1, 1) + acceptance + SIGNATURE,
    "Login.signed": RELAY + vector(CHALLENGE) + vector(b"http://127.0.0.1:7400"),
    "AgentEntry.signed": agent,
    "AgentEntry": agent + SIGNATURE,
    "ReaddRequest.signed": readd,
    "ReaddRequest": readd + SIGNATURE,
}

print(json.dumps([{"name": name, "bytes": data.hex()} for name, data in CASES.items()], indent=1))
