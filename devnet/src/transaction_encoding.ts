// Transactions in the encodings of getTransaction.
import { getBase58Decoder } from "@solana/kit";
import type { TransactionRecord } from "./ledger.ts";
import { code, RpcError } from "./rpc_error.ts";
import { decodeTransaction, isWritableStatic, type DecodedTransaction } from "./transaction.ts";

export const transactionEncodings = ["json", "jsonParsed", "base58", "base64"] as const;
export type TransactionEncoding = (typeof transactionEncodings)[number];

const base58 = getBase58Decoder();

const jsonMessage = ({ message }: DecodedTransaction): object => ({
    accountKeys: message.staticAccounts,
    header: message.header,
    recentBlockhash: message.blockhash,
    instructions: message.instructions.map(({ programIndex, accountIndices, data }) => ({
        programIdIndex: programIndex,
        accounts: accountIndices,
        data: base58.decode(data),
        stackHeight: 1,
    })),
    ...(message.version === "legacy" ? {} : { addressTableLookups: message.lookups }),
});

// Accounts with their roles. No instruction is parsed: each comes as accounts and data, the form for unknown programs.
const parsedMessage = ({ message }: DecodedTransaction, record: TransactionRecord): object => {
    const { writable } = record.loadedAddresses;
    const statics = message.staticAccounts.length;
    const accountKeys = record.addresses.map((pubkey, index) => ({
        pubkey,
        signer: index < message.header.numRequiredSignatures,
        writable: index < statics ? isWritableStatic(message, index) : index < statics + writable.length,
        source: index < statics ? "transaction" : "lookupTable",
    }));
    return {
        accountKeys,
        recentBlockhash: message.blockhash,
        instructions: message.instructions.map(({ programIndex, accountIndices, data }) => ({
            programId: record.addresses[programIndex],
            accounts: accountIndices.map((index) => record.addresses[index]),
            data: base58.decode(data),
            stackHeight: 1,
        })),
        ...(message.version === "legacy" ? {} : { addressTableLookups: message.lookups }),
    };
};

const parsedInner = (record: TransactionRecord): unknown[] =>
    record.innerInstructions.map(({ index, instructions }) => ({
        index,
        instructions: instructions.map(({ programIdIndex, accounts, data, stackHeight }) => ({
            programId: record.addresses[programIdIndex],
            accounts: accounts.map((account) => record.addresses[account]),
            data,
            stackHeight,
        })),
    }));

export const statusOf = (err: TransactionRecord["err"]): object => (err === null ? { Ok: null } : { Err: err });

export const encodeTransaction = (record: TransactionRecord, encoding: TransactionEncoding, versionMax: number | undefined): object => {
    const decoded = decodeTransaction(record.wire, "base64");
    const { version } = decoded.message;
    if (version !== "legacy" && (versionMax === undefined || version > versionMax)) {
        const hint = `Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion": ${version}`;
        throw new RpcError(code.unsupportedTransactionVersion, `Transaction version (${version}) is not supported by the requesting client. ${hint}`);
    }
    const { signatures } = decoded;
    const transaction = {
        json: () => ({ signatures, message: jsonMessage(decoded) }),
        jsonParsed: () => ({ signatures, message: parsedMessage(decoded, record) }),
        base58: () => [base58.decode(decoded.wire), "base58"],
        base64: () => [record.wire, "base64"],
    }[encoding]();
    const { err, fee, preBalances, postBalances, preTokenBalances, postTokenBalances, logMessages, loadedAddresses } = record;
    const meta = {
        err,
        status: statusOf(err),
        fee,
        preBalances,
        postBalances,
        preTokenBalances,
        postTokenBalances,
        innerInstructions: encoding === "jsonParsed" ? parsedInner(record) : record.innerInstructions,
        logMessages,
        rewards: [],
        ...(encoding === "jsonParsed" ? {} : { loadedAddresses }),
        ...(record.returnData === null ? {} : { returnData: record.returnData }),
        computeUnitsConsumed: record.computeUnitsConsumed,
    };
    const withVersion = versionMax === undefined ? {} : { version };
    return { slot: record.slot, blockTime: record.blockTime, transaction, meta, ...withVersion };
};
