// Transactions from outside: decoded, and what is in them whatever their version.
import {
    getBase58Decoder,
    getCompiledTransactionMessageDecoder,
    getTransactionDecoder,
    getTransactionEncoder,
    type Address,
    type Transaction,
} from "@solana/kit";
import { transactionBytesMax, transactionV1BytesMax } from "./limits.ts";
import { readBase58, readBase64 } from "./params.ts";
import { invalidParams } from "./rpc_error.ts";
import type { Account } from "./account_history.ts";

export const systemProgram = "11111111111111111111111111111111" as Address;
const lookupTableProgram = "AddressLookupTab1e1111111111111111111111111" as Address;
const lookupTableHeaderBytes = 56;
const addressBytes = 32;
const noLifetime = "11111111111111111111111111111111";

const base58 = getBase58Decoder();

export interface Instruction {
    readonly programIndex: number;
    readonly accountIndices: readonly number[];
    readonly data: Uint8Array;
}

export interface AddressTableLookup {
    readonly accountKey: Address;
    readonly writableIndexes: readonly number[];
    readonly readonlyIndexes: readonly number[];
}

export interface Message {
    readonly version: "legacy" | 0 | 1;
    readonly header: { readonly numRequiredSignatures: number; readonly numReadonlySignedAccounts: number; readonly numReadonlyUnsignedAccounts: number };
    readonly staticAccounts: readonly Address[];
    readonly blockhash: string;
    readonly instructions: readonly Instruction[];
    readonly lookups: readonly AddressTableLookup[];
    readonly priorityFeeLamports: bigint; // Version 1 has it in its header, the others in instructions.
}

export interface DecodedTransaction {
    readonly wire: Uint8Array;
    readonly transaction: Transaction;
    readonly message: Message;
    readonly signatures: readonly string[]; // Base58, in the order of the signers; zeros where one is missing.
}

const bytesOf = (data: ArrayLike<number> | undefined): Uint8Array => new Uint8Array(data ?? []);

const priorityFeeMask = 0b11;

export const decodeMessage = (bytes: Uint8Array): Message => {
    const compiled = getCompiledTransactionMessageDecoder().decode(bytes);
    const { header } = compiled;
    const common = {
        version: compiled.version,
        header: {
            numRequiredSignatures: header.numSignerAccounts,
            numReadonlySignedAccounts: header.numReadonlySignerAccounts,
            numReadonlyUnsignedAccounts: header.numReadonlyNonSignerAccounts,
        },
        staticAccounts: compiled.staticAccounts,
        blockhash: "lifetimeToken" in compiled ? compiled.lifetimeToken : noLifetime,
    };
    if (compiled.version === 1) {
        const instructions = compiled.instructionHeaders.map((header, index) => ({
            programIndex: header.programAccountIndex,
            accountIndices: compiled.instructionPayloads[index]?.instructionAccountIndices ?? [],
            data: bytesOf(compiled.instructionPayloads[index]?.instructionData),
        }));
        const first = compiled.configValues[0];
        const hasFee = (compiled.configMask & priorityFeeMask) === priorityFeeMask && first?.kind === "u64";
        return { ...common, instructions, lookups: [], priorityFeeLamports: hasFee ? first.value : 0n };
    }
    const instructions = compiled.instructions.map((instruction) => ({
        programIndex: instruction.programAddressIndex,
        accountIndices: instruction.accountIndices ?? [],
        data: bytesOf(instruction.data),
    }));
    const tables = compiled.version === 0 ? (compiled.addressTableLookups ?? []) : [];
    const lookups = tables.map((table) => ({
        accountKey: table.lookupTableAddress,
        writableIndexes: table.writableIndexes,
        readonlyIndexes: table.readonlyIndexes,
    }));
    return { ...common, instructions, lookups, priorityFeeLamports: 0n };
};

const base64Characters = (bytes: number): number => Math.ceil(bytes / 3) * 4;
const base58Characters = (bytes: number): number => Math.ceil(bytes * 1.366);

const readWire = (text: string, encoding: "base58" | "base64"): Uint8Array => {
    if (encoding === "base64") return readBase64(text, base64Characters(transactionV1BytesMax), "base64 encoded transaction");
    return readBase58(text, base58Characters(transactionV1BytesMax), "base58 encoded transaction");
};

// Errors: -32602 for whatever is not exactly one transaction within its size.
export const decodeTransaction = (text: string, encoding: "base58" | "base64"): DecodedTransaction => {
    const wire = readWire(text, encoding);
    const failed = (why: string) => invalidParams(`failed to deserialize transaction: ${why}`);
    let transaction: Transaction;
    let message: Message;
    try {
        transaction = getTransactionDecoder().decode(wire);
        message = decodeMessage(new Uint8Array(transaction.messageBytes));
    } catch (error) {
        throw failed(error instanceof Error ? error.message : "unknown");
    }
    const bytesMax = message.version === 1 ? transactionV1BytesMax : transactionBytesMax;
    if (wire.length > bytesMax) throw invalidParams(`${encoding} encoded transaction too large: ${wire.length} bytes (max: ${bytesMax})`);
    if (!Buffer.from(getTransactionEncoder().encode(transaction)).equals(wire)) throw failed("its encoding is not canonical");

    const { numRequiredSignatures } = message.header;
    const signers = message.staticAccounts.slice(0, numRequiredSignatures);
    const signatures = Object.values(transaction.signatures);
    if (signatures.length === 0 || signatures.length !== numRequiredSignatures || signers.length !== signatures.length) {
        throw failed("the signatures are not those of the signers");
    }
    return { wire, transaction, message, signatures: signatures.map((bytes) => base58.decode(bytes ?? new Uint8Array(64))) };
};

export const isWritableStatic = (message: Message, index: number): boolean => {
    const { numRequiredSignatures, numReadonlySignedAccounts, numReadonlyUnsignedAccounts } = message.header;
    if (index < numRequiredSignatures) return index < numRequiredSignatures - numReadonlySignedAccounts;
    return index < message.staticAccounts.length - numReadonlyUnsignedAccounts;
};

export interface LoadedAddresses {
    readonly writable: Address[];
    readonly readonly: Address[];
}

// What the lookup tables give. A table or an index that is not there gives nothing: the virtual machine refuses it.
export const loadAddresses = (message: Message, accountOf: (address: Address) => Account | undefined): LoadedAddresses => {
    const loaded: LoadedAddresses = { writable: [], readonly: [] };
    for (const lookup of message.lookups) {
        const table = accountOf(lookup.accountKey);
        if (table === undefined || table.owner !== lookupTableProgram) continue;
        const take = (indexes: readonly number[], into: Address[]) => {
            for (const index of indexes) {
                const start = lookupTableHeaderBytes + index * addressBytes;
                const bytes = table.data.subarray(start, start + addressBytes);
                if (bytes.length === addressBytes) into.push(base58.decode(bytes) as Address);
            }
        };
        take(lookup.writableIndexes, loaded.writable);
        take(lookup.readonlyIndexes, loaded.readonly);
    }
    return loaded;
};

const advanceNonce = 4;
const nonceAccountBytes = 80;
const nonceOffset = 40;

// The nonce account whose nonce stands in the place of the blockhash, if the transaction has that form.
export const nonceAccountOf = (message: Message, accountOf: (address: Address) => Account | undefined): Account | undefined => {
    const [first] = message.instructions;
    if (first === undefined || message.staticAccounts[first.programIndex] !== systemProgram) return undefined;
    if (first.data.length !== 4 || new DataView(first.data.buffer).getUint32(0, true) !== advanceNonce) return undefined;
    const index = first.accountIndices[0] ?? message.staticAccounts.length;
    const address = message.staticAccounts[index];
    if (address === undefined || !isWritableStatic(message, index)) return undefined;
    const account = accountOf(address);
    if (account === undefined || account.owner !== systemProgram || account.data.length !== nonceAccountBytes) return undefined;
    return base58.decode(account.data.subarray(nonceOffset, nonceOffset + 32)) === message.blockhash ? account : undefined;
};
