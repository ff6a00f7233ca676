// One blockhash for each slot, and for how long transactions may name it.
import { createHash } from "node:crypto";
import { getBase58Decoder, getBase58Encoder } from "@solana/kit";
import { blockhashAgeSlotsMax } from "./limits.ts";

const base58 = getBase58Decoder();

// A function of the chain and the slot, so that a restart finds the same ones.
const blockhashOf = (genesisHash: Uint8Array, slot: number): string => {
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(BigInt(slot));
    return base58.decode(createHash("sha256").update("chatmcp devnet blockhash\0").update(genesisHash).update(number).digest());
};

export class Blockhashes {
    readonly #genesisHash: Uint8Array;
    readonly #firstSlot: number;
    readonly #slots = new Map<string, number>(); // Ascending; not older than blockhashAgeSlotsMax.
    readonly #hashes = new Map<number, string>();

    constructor(genesisHash: string, firstSlot: number) {
        this.#genesisHash = new Uint8Array(getBase58Encoder().encode(genesisHash));
        this.#firstSlot = firstSlot;
    }

    // The newest slot is now `slot`.
    advanceTo(slot: number): void {
        const oldest = Math.max(this.#firstSlot, slot - blockhashAgeSlotsMax);
        for (const [hash, at] of this.#slots) {
            if (at >= oldest) break;
            this.#slots.delete(hash);
            this.#hashes.delete(at);
        }
        for (let at = slot; at >= oldest && !this.#hashes.has(at); at--) this.#hashes.set(at, blockhashOf(this.#genesisHash, at));
        for (let at = oldest; at <= slot; at++) this.#slots.set(this.#hashes.get(at) ?? "", at);
    }

    // undefined: it has expired, or never was.
    slotOf(blockhash: string): number | undefined {
        return this.#slots.get(blockhash);
    }

    at(slot: number): string {
        return this.#hashes.get(slot) ?? blockhashOf(this.#genesisHash, slot);
    }
}
