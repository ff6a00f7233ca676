// Methods that send, simulate and look up transactions.
import type { Address } from "@solana/kit";
import { encodeAccount, readAccountFormat } from "../account_encoding.ts";
import type { Chain } from "../chain.ts";
import { faucetTransaction } from "../faucet.ts";
import { feeOf } from "../fee.ts";
import type { TransactionRecord } from "../ledger.ts";
import {
    airdropLamportsMax, finalizedAfterSlots, multipleAccountsMax, requestBytesMax, signaturesForAddressMax, signatureStatusesMax, statusCacheSlots,
} from "../limits.ts";
import { minContextSlotNotReached, readAddress, readBase64, readSignature, Config } from "../params.ts";
import { code, invalidParams, RpcError } from "../rpc_error.ts";
import { decodeMessage, decodeTransaction, type DecodedTransaction, type Message } from "../transaction.ts";
import { encodeTransaction, statusOf, transactionEncodings } from "../transaction_encoding.ts";
import { errorText } from "../transaction_error.ts";
import { innerInstructionsOf, logsOf, returnDataOf } from "../transaction_meta.ts";
import { slotOf, withContext, type Methods } from "./method.ts";

const readTransaction = (text: string, config: Config): DecodedTransaction =>
    decodeTransaction(text, config.oneOf("encoding", ["base58", "base64"]) ?? "base58");

const signatureFailure = () => new RpcError(code.transactionSignatureVerificationFailure, "Transaction signature verification failure");

// Refuses what would fail; what passes is sent all the same by the caller.
const preflight = (chain: Chain, decoded: DecodedTransaction, config: Config): void => {
    const slot = chain.slotAt(config.commitment("preflightCommitment"));
    if ((config.integer("minContextSlot", Number.MAX_SAFE_INTEGER) ?? 0) > slot) throw minContextSlotNotReached(slot);
    const { err, meta } = chain.simulate(decoded, { sigVerify: true, checkAge: true, slot });
    if (err === "SignatureFailure") throw signatureFailure();
    if (err === null) return;
    throw new RpcError(code.sendTransactionPreflightFailure, `Transaction simulation failed: ${errorText(err)}`, {
        err,
        logs: meta === undefined ? [] : logsOf(meta),
        accounts: null,
        unitsConsumed: meta?.computeUnitsConsumed() ?? 0,
        innerInstructions: null,
        returnData: meta === undefined ? null : returnDataOf(meta),
        replacementBlockhash: null,
    });
};

const confirmationStatus = (chain: Chain, record: TransactionRecord) =>
    (["finalized", "confirmed", "processed"] as const).find((commitment) => chain.slotAt(commitment) >= record.slot) ?? "processed";

// getTransaction and getSignaturesForAddress answer about what is at least confirmed.
const confirmedSlot = (chain: Chain, config: Config): number => {
    if (config.commitment() === "processed") throw invalidParams("Method does not support commitment below `confirmed`");
    return slotOf(chain, config);
};

export const transactionMethods: Methods = {
    sendTransaction: ({ chain }, params) => {
        const config = params.config(1);
        const decoded = readTransaction(params.text(0), config);
        if (!config.boolean("skipPreflight")) preflight(chain, decoded, config);
        chain.send(decoded);
        return decoded.signatures[0];
    },

    simulateTransaction: ({ chain }, params) => {
        const config = params.config(1);
        const slot = slotOf(chain, config);
        const [sigVerify, replace] = [config.boolean("sigVerify"), config.boolean("replaceRecentBlockhash")];
        if (sigVerify && replace) throw invalidParams("sigVerify may not be used with replaceRecentBlockhash");
        const decoded = readTransaction(params.text(0), config);
        const wanted = config.object("accounts");
        const addresses = wanted?.list("addresses").map((address): Address => readAddress(address, "account"));
        if ((addresses?.length ?? 0) > multipleAccountsMax) throw invalidParams(`Too many accounts provided; max ${multipleAccountsMax}`);

        const { err, meta, loaded, accounts } = chain.simulate(decoded, { sigVerify, checkAge: !replace, slot });
        if (err === "SignatureFailure") throw signatureFailure();
        const read = (address: Address) => accounts.get(address) ?? chain.account(address);
        const format = wanted && readAccountFormat(wanted, "base64");
        const shown = format && addresses?.map(read).map((account) => (account === undefined ? null : encodeAccount(account, format, read)));
        return withContext(slot, {
            err,
            logs: meta === undefined ? [] : logsOf(meta),
            accounts: shown ?? null,
            unitsConsumed: meta?.computeUnitsConsumed() ?? 0,
            returnData: meta === undefined ? null : returnDataOf(meta),
            innerInstructions: config.boolean("innerInstructions") && meta !== undefined ? innerInstructionsOf(meta) : null,
            fee: feeOf(decoded.message),
            loadedAddresses: loaded,
            ...(replace ? { replacementBlockhash: chain.latestBlockhash(slot) } : {}),
        });
    },

    requestAirdrop: ({ chain }, params) => {
        const [recipient, amount] = [params.address(0), params.u64(1)];
        if (amount > airdropLamportsMax) throw invalidParams(`Invalid params: at most ${airdropLamportsMax} lamports in one airdrop`);
        const decoded = faucetTransaction(recipient, amount, chain.latestBlockhash(chain.slot).blockhash, chain.ledger.total);
        const record = chain.send(decoded);
        if (record?.err !== null) throw new RpcError(code.internalError, record === undefined ? "The faucet is empty" : errorText(record.err));
        return record.signature;
    },

    getFeeForMessage: ({ chain }, params) => {
        const slot = slotOf(chain, params.config(1));
        const bytes = readBase64(params.text(0), requestBytesMax, "message");
        let message: Message;
        try {
            message = decodeMessage(bytes);
        } catch {
            throw invalidParams("failed to deserialize message");
        }
        return withContext(slot, chain.feeForMessage(message, slot) ?? null);
    },

    getSignatureStatuses: ({ chain }, params) => {
        const signatures = params.list(0, signatureStatusesMax).map((signature) => readSignature(signature, "signature"));
        const oldest = params.config(1).boolean("searchTransactionHistory") ? 0 : chain.slot - statusCacheSlots;
        const statuses = signatures.map((signature) => {
            const record = chain.ledger.find(signature);
            if (record === undefined || record.slot < oldest) return null;
            const behind = chain.slot - record.slot;
            const { slot, err } = record;
            const confirmations = behind < finalizedAfterSlots ? behind : null;
            return { slot, confirmations, err, status: statusOf(err), confirmationStatus: confirmationStatus(chain, record) };
        });
        return withContext(chain.slot, statuses);
    },

    getSignaturesForAddress: ({ chain }, params) => {
        const config = params.config(1);
        const newest = confirmedSlot(chain, config);
        const limit = config.integer("limit", signaturesForAddressMax) ?? signaturesForAddressMax;
        if (limit === 0) throw invalidParams(`Invalid limit; max ${signaturesForAddressMax}`);
        const signature = (name: string) => (config.get(name) === undefined ? undefined : readSignature(config.get(name), name));
        const [before, until] = [signature("before"), signature("until")];
        let records = [...chain.ledger.of(params.address(0))].reverse();
        if (before !== undefined) {
            const at = records.findIndex((record) => record.signature === before);
            records = at < 0 ? [] : records.slice(at + 1);
        }
        const end = until === undefined ? -1 : records.findIndex((record) => record.signature === until);
        if (end >= 0) records = records.slice(0, end);
        return records.filter(({ slot }) => slot <= newest).slice(0, limit).map((record) => {
            const { slot, err, memo, blockTime } = record;
            return { signature: record.signature, slot, err, memo, blockTime, confirmationStatus: confirmationStatus(chain, record) };
        });
    },

    getTransaction: ({ chain }, params) => {
        // A bare encoding in the place of the configuration is the older form.
        const second = params.length > 1 ? params.at(1) : undefined;
        const config = typeof second === "string" ? new Config({ encoding: second }) : params.config(1);
        const newest = confirmedSlot(chain, config);
        const encoding = config.oneOf("encoding", transactionEncodings) ?? "json";
        const versionMax = config.integer("maxSupportedTransactionVersion", 255);
        const record = chain.ledger.find(params.signature(0));
        return record === undefined || record.slot > newest ? null : encodeTransaction(record, encoding, versionMax);
    },
};
