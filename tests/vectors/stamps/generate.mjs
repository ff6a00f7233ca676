// One-time keys of stamps by @noble/curves, for src/stamps/one_time_key_test.cpp:
//   node tests/vectors/stamps/generate.mjs > tests/vectors/stamps/one_time_keys.json
// Keys and contexts are SHA-512 of a counter: the same every time.
import { createRequire } from "node:module";
const require = createRequire(new URL("../solana/package.json", import.meta.url));
const { ed25519 } = require("@noble/curves/ed25519");
const { sha512 } = require("@noble/hashes/sha2");

const label = new TextEncoder().encode("ChatMCP 1.0 stamp key tweak");
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const bytes = (name, number) => sha512(new TextEncoder().encode(`${name} ${number}`)).subarray(0, 32);
const hex = (value) => Buffer.from(value).toString("hex");
const littleEndian = (value) => BigInt(`0x${hex(Uint8Array.from(value).reverse())}`);
const point = ed25519.ExtendedPoint ?? ed25519.Point;

const cases = [];
for (let number = 0; number < 32; number += 1) {
    const seed = bytes("seed", number);
    const stampKey = ed25519.getPublicKey(seed);
    const [salt, inbox, welcomeDigest] = ["salt", "inbox", "welcome"].map((name) => bytes(name, number));
    const tweak = littleEndian(sha512(join(label, stampKey, salt, inbox, welcomeDigest))) % order;
    const sum = point.fromHex(hex(stampKey)).add(point.BASE.multiply(tweak));
    // The same from the private side.
    const half = Uint8Array.from(sha512(seed).subarray(0, 32));
    half[0] &= 0xf8;
    half[31] = (half[31] & 0x7f) | 0x40;
    const again = point.BASE.multiply((littleEndian(half) + tweak) % order);
    if (!sum.equals(again)) throw new Error("both ways give one key");
    cases.push({ seed: hex(seed), stamp_key: hex(stampKey), salt: hex(salt), inbox: hex(inbox), welcome_digest: hex(welcomeDigest), one_time_key: hex(sum.toRawBytes?.() ?? sum.toBytes()) });
}
process.stdout.write(`${JSON.stringify(cases, null, 1)}\n`);
