// The transactions that landed, by signature and by address.
import type { Address } from "@solana/kit";
import type { Integer } from "./json.ts";
import { transactionsMax } from "./limits.ts";
import type { UiTokenAmount } from "./token.ts";
import type { LoadedAddresses } from "./transaction.ts";
import type { TransactionError } from "./transaction_error.ts";

export interface InnerInstructions {
    readonly index: number;
    readonly instructions: readonly { programIdIndex: number; accounts: number[]; data: string; stackHeight: number }[];
}

export interface TokenBalance {
    readonly accountIndex: number;
    readonly mint: Address;
    readonly owner: Address;
    readonly programId: Address;
    readonly uiTokenAmount: UiTokenAmount;
}

export interface ReturnData {
    readonly programId: Address;
    readonly data: [string, "base64"];
}

// What is kept of a transaction; also a line of the file of transactions.
export interface TransactionRecord {
    readonly signature: string;
    readonly slot: number;
    readonly blockTime: number; // Unix seconds.
    readonly wire: string; // Base64.
    readonly addresses: readonly Address[]; // Static ones, then those of lookup tables.
    readonly err: TransactionError | null;
    readonly fee: Integer;
    readonly preBalances: readonly Integer[];
    readonly postBalances: readonly Integer[];
    readonly preTokenBalances: readonly TokenBalance[];
    readonly postTokenBalances: readonly TokenBalance[];
    readonly innerInstructions: readonly InnerInstructions[];
    readonly logMessages: readonly string[];
    readonly loadedAddresses: LoadedAddresses;
    readonly computeUnitsConsumed: Integer;
    readonly returnData: ReturnData | null;
    readonly memo: string | null;
}

export class Ledger {
    readonly #bySignature = new Map<string, TransactionRecord>(); // In the order in which they landed.
    readonly #byAddress = new Map<Address, TransactionRecord[]>();
    #total = 0;

    get total(): number {
        return this.#total;
    }

    add(record: TransactionRecord): void {
        this.#total++;
        this.#bySignature.set(record.signature, record);
        for (const address of new Set(record.addresses)) {
            const list = this.#byAddress.get(address);
            if (list === undefined) this.#byAddress.set(address, [record]);
            else list.push(record);
        }
        if (this.#bySignature.size > transactionsMax) this.#forgetOldest();
    }

    find(signature: string): TransactionRecord | undefined {
        return this.#bySignature.get(signature);
    }

    of(address: Address): readonly TransactionRecord[] {
        return this.#byAddress.get(address) ?? [];
    }

    all(): Iterable<TransactionRecord> {
        return this.#bySignature.values();
    }

    #forgetOldest(): void {
        const [oldest] = this.#bySignature.values();
        if (oldest === undefined) return;
        this.#bySignature.delete(oldest.signature);
        for (const address of new Set(oldest.addresses)) {
            const list = this.#byAddress.get(address);
            list?.shift();
            if (list?.length === 0) this.#byAddress.delete(address);
        }
    }
}
