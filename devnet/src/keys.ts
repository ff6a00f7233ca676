// The fixed test keys of devnet/keys. Anybody can read them: never use one on a cluster.
import { createPrivateKey, sign, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Address } from "@solana/kit";

export interface TestKey {
    readonly address: Address;
    readonly secretKey: Uint8Array; // 64 bytes, seed and public key, as Solana's tools write it.
    sign(message: Uint8Array): Uint8Array;
}

const seedBytes = 32;
const pkcs8Ed25519 = Buffer.from("302e020100300506032b657004220420", "hex"); // RFC 8410 section 7, up to the seed.

const load = (name: string): TestKey => {
    const file = JSON.parse(readFileSync(new URL(`../keys/${name}.json`, import.meta.url), "utf8")) as { address: string; secret_key: number[] };
    const secretKey = Uint8Array.from(file.secret_key);
    const der = Buffer.concat([pkcs8Ed25519, secretKey.subarray(0, seedBytes)]);
    const key: KeyObject = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    return { address: file.address as Address, secretKey, sign: (message) => new Uint8Array(sign(null, message, key)) };
};

export const testKeys = {
    faucet: load("faucet"),
    identity: load("identity"),
    upgradeAuthority: load("upgrade_authority"),
};
