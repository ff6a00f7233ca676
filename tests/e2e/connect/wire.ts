// The signed structures of src/wire/delivery.h, written a second time: the relay must accept what this program signs.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export const sha256 = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(createHash("sha256").update(concat(...parts)).digest());

export const u8 = (value: number): Uint8Array => Uint8Array.of(value);

export const u64 = (value: bigint): Uint8Array => {
    const out = Buffer.alloc(8);
    out.writeBigUInt64BE(value);
    return new Uint8Array(out);
};

// opaque x<V>: RFC 9420 section 2.1.2, a length of 1, 2 or 4 bytes in its shortest form.
export const vector = (content: Uint8Array): Uint8Array => {
    const size = content.length;
    if (size < 64) return concat(u8(size), content);
    if (size < 16384) return concat(Uint8Array.of(0x40 | (size >> 8), size & 0xff), content);
    return concat(Uint8Array.of(0x80 | (size >>> 24), (size >> 16) & 0xff, (size >> 8) & 0xff, size & 0xff), content);
};

export class Key {
    readonly publicKey: Uint8Array;
    readonly #key: KeyObject;

    constructor() {
        this.#key = generateKeyPairSync("ed25519").privateKey;
        const jwk = createPublicKey(createPrivateKey(this.#key.export({ format: "pem", type: "pkcs8" }))).export({ format: "jwk" });
        this.publicKey = new Uint8Array(Buffer.from(jwk.x ?? "", "base64url"));
    }

    // SignWithLabel, RFC 9420 section 5.1.2.
    sign(label: string, content: Uint8Array): Uint8Array {
        return new Uint8Array(sign(null, signContent(label, content), this.#key));
    }
}

const signContent = (label: string, content: Uint8Array): Uint8Array => concat(vector(bytes("MLS 1.0 ChatMCP " + label)), vector(content));

export const verifies = (publicKey: Uint8Array, label: string, content: Uint8Array, signature: Uint8Array): boolean => {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") }, format: "jwk" });
    return verify(null, signContent(label, content), key, signature);
};

export const operation = { create: 1, bundle: 2, publish: 3, read: 4, subscribe: 5 } as const;

// wire::AdmissionContent
export const admission = (
    key: Key, relayKey: Uint8Array, topic: Uint8Array, epoch: bigint, what: number, binding: Uint8Array,
): Uint8Array => key.sign("admission", concat(relayKey, topic, u64(epoch), u8(what), vector(binding)));

export const cursor = (after: bigint, challenge: Uint8Array): Uint8Array => concat(u64(after), vector(challenge));
