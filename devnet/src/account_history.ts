// Accounts as they were at older commitments.
//
// For every slot that is not finalized, what an account was before its first change in that slot. So a read at a
// commitment sees exactly the state of its slot, and memory is bounded by what changes in 32 slots.
import type { Address } from "@solana/kit";

export interface Account {
    readonly address: Address;
    readonly lamports: bigint;
    readonly owner: Address;
    readonly executable: boolean;
    readonly data: Uint8Array;
}

interface Before {
    readonly slot: number;
    readonly account: Account | undefined; // undefined: it did not exist.
}

export class AccountHistory {
    readonly #before = new Map<Address, Before[]>(); // By slot, ascending.

    // `account` is the state before a transaction of `slot` changed it.
    record(slot: number, address: Address, account: Account | undefined): void {
        const list = this.#before.get(address);
        if (list === undefined) this.#before.set(address, [{ slot, account }]);
        else if (list.at(-1)?.slot !== slot) list.push({ slot, account });
    }

    // The state at the end of `slot`, or `newest` if nothing changed since.
    at(slot: number, address: Address, newest: () => Account | undefined): Account | undefined {
        const first = this.#before.get(address)?.find((before) => before.slot > slot);
        return first === undefined ? newest() : first.account;
    }

    // Addresses whose state at `slot` may not be the newest one.
    changedSince(slot: number): Address[] {
        return [...this.#before].filter(([, list]) => (list.at(-1)?.slot ?? 0) > slot).map(([address]) => address);
    }

    forgetUpTo(slot: number): void {
        for (const [address, list] of this.#before) {
            const kept = list.filter((before) => before.slot > slot);
            if (kept.length === 0) this.#before.delete(address);
            else if (kept.length < list.length) this.#before.set(address, kept);
        }
    }
}
