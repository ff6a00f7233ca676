// The chain: slots, blockhashes, accounts at each commitment, and the transactions that change them.
//
// litesvm executes. It knows one blockhash and no time, so both are kept here and its own checks of them are off.
import { randomBytes } from "node:crypto";
import { FailedTransactionMetadata, FeatureSet, LiteSVM, type TransactionMetadata } from "litesvm";
import { getBase58Decoder, lamports, type Address } from "@solana/kit";
import { AccountHistory, type Account } from "./account_history.ts";
import { Blockhashes } from "./blockhashes.ts";
import { feeOf } from "./fee.ts";
import { testKeys } from "./keys.ts";
import { Ledger, type TransactionRecord } from "./ledger.ts";
import { blockhashAgeSlotsMax, confirmedAfterSlots, faucetLamports, finalizedAfterSlots, slotDurationMs, slotHashesMax, slotsPerEpoch } from "./limits.ts";
import type { Commitment } from "./params.ts";
import { innerInstructionsOf, logsOf, memoOf, returnDataOf, tokenBalancesOf } from "./transaction_meta.ts";
import { isWritableStatic, loadAddresses, nonceAccountOf, systemProgram, type DecodedTransaction, type LoadedAddresses, type Message } from "./transaction.ts";
import { errorOf, type TransactionError } from "./transaction_error.ts";

// "all" switches on every feature that litesvm knows, as clusters will one day.
export type Features = "default" | "all";

// What a snapshot holds beside the virtual machine.
export interface ChainState {
    readonly genesisHash: string;
    readonly features: Features;
    readonly firstSlot: number;
    readonly slot: number;
    readonly unixMs: number;
    readonly skewMs: number;
}

export interface Simulation {
    readonly err: TransactionError | null;
    readonly meta: TransactionMetadata | undefined; // undefined: it never ran.
    readonly loaded: LoadedAddresses;
    readonly accounts: ReadonlyMap<Address, Account>; // What it would have changed; empty after an error.
}

export interface ChainListener {
    slot(slot: number, parent: number): void;
    transaction(record: TransactionRecord, changed: readonly Address[]): void;
}

const createVm = (features: Features): LiteSVM => {
    if (features === "default") return new LiteSVM();
    return new LiteSVM().withFeatureSet(FeatureSet.allEnabled()).withBuiltins().withPrecompiles().withSysvars().withDefaultPrograms();
};

const isSame = (a: Account | undefined, b: Account | undefined): boolean => {
    if (a === undefined || b === undefined) return a === b;
    return a.lamports === b.lamports && a.owner === b.owner && a.executable === b.executable && Buffer.compare(a.data, b.data) === 0;
};

interface VmAccount {
    readonly address: Address;
    readonly lamports: bigint;
    readonly programAddress: Address;
    readonly executable: boolean;
    readonly data: ArrayLike<number>;
}

// An account without lamports does not exist.
const toAccount = ({ address, lamports, programAddress, executable, data }: VmAccount): Account | undefined =>
    lamports === 0n ? undefined : { address, lamports, owner: programAddress, executable, data: new Uint8Array(data) };

export class Chain {
    readonly vm: LiteSVM;
    readonly ledger = new Ledger();
    readonly genesisHash: string;
    readonly features: Features;
    readonly firstSlot: number;
    readonly listeners: ChainListener[] = [];
    readonly #history = new AccountHistory();
    readonly #blockhashes: Blockhashes;
    #slot: number;
    #unixMs: number; // The chain's time at the newest slot.
    #skewMs: number; // How far the chain's time runs before the machine's.

    private constructor(vm: LiteSVM, state: ChainState) {
        this.vm = vm.withBlockhashCheck(false).withTransactionHistory(0n).withSigverify(true);
        this.genesisHash = state.genesisHash;
        this.features = state.features;
        this.firstSlot = state.firstSlot;
        this.#slot = state.slot;
        this.#unixMs = state.unixMs;
        this.#skewMs = state.skewMs;
        this.#blockhashes = new Blockhashes(state.genesisHash, state.firstSlot);
        this.#enterSlot();
    }

    // A new chain with a genesis hash of its own, in which only the faucet owns something.
    static create(features: Features, nowMs: number): Chain {
        const vm = createVm(features);
        const schedule = vm.getEpochSchedule();
        [schedule.warmup, schedule.firstNormalEpoch, schedule.firstNormalSlot] = [false, 0n, 0n];
        vm.setEpochSchedule(schedule);
        const faucet = { address: testKeys.faucet.address, lamports: lamports(faucetLamports), programAddress: systemProgram };
        vm.setAccount({ ...faucet, executable: false, space: 0n, data: new Uint8Array() });
        const slot = Number(vm.getClock().slot);
        const genesisHash = getBase58Decoder().decode(randomBytes(32));
        return new Chain(vm, { genesisHash, features, firstSlot: slot, slot, unixMs: nowMs, skewMs: 0 });
    }

    // What was there is final: the chain goes on as many slots later as that takes.
    static restore(vmBytes: Uint8Array, state: ChainState, records: readonly TransactionRecord[]): Chain {
        const unixMs = state.unixMs + finalizedAfterSlots * slotDurationMs;
        const chain = new Chain(LiteSVM.fromBytes(vmBytes), { ...state, slot: state.slot + finalizedAfterSlots, unixMs });
        for (const record of records) chain.ledger.add(record);
        return chain;
    }

    state(): ChainState {
        const { genesisHash, features, firstSlot } = this;
        return { genesisHash, features, firstSlot, slot: this.#slot, unixMs: this.#unixMs, skewMs: this.#skewMs };
    }

    // ------------------------------------------------------------ slots and time

    get slot(): number {
        return this.#slot;
    }

    slotAt(commitment: Commitment): number {
        const behind = { processed: 0, confirmed: confirmedAfterSlots, finalized: finalizedAfterSlots }[commitment];
        return Math.max(this.firstSlot, this.#slot - behind);
    }

    blockHeight(slot: number): number {
        return slot - this.firstSlot;
    }

    blockTime(slot: number): number {
        return Math.floor((this.#unixMs - (this.#slot - slot) * slotDurationMs) / 1000);
    }

    // `count` slots pass on a chain whose time is the machine's, plus what advance() added.
    tick(count: number, nowMs: number): void {
        this.#move(count, Math.max(this.#unixMs, nowMs + this.#skewMs));
    }

    // `count` slots pass at once, with their time.
    advance(count: number): void {
        this.#skewMs += count * slotDurationMs;
        this.#move(count, this.#unixMs + count * slotDurationMs);
    }

    #move(count: number, unixMs: number): void {
        if (count < 1) return;
        const parent = this.#slot + count - 1;
        this.#slot += count;
        this.#unixMs = unixMs;
        this.#enterSlot();
        for (const listener of this.listeners) listener.slot(this.#slot, parent);
        this.#history.forgetUpTo(this.slotAt("finalized"));
    }

    #enterSlot(): void {
        const clock = this.vm.getClock();
        const epoch = BigInt(Math.floor(this.#slot / slotsPerEpoch));
        const unixTimestamp = BigInt(Math.floor(this.#unixMs / 1000));
        if (clock.epoch !== epoch) clock.epochStartTimestamp = unixTimestamp;
        [clock.slot, clock.epoch, clock.leaderScheduleEpoch, clock.unixTimestamp] = [BigInt(this.#slot), epoch, epoch + 1n, unixTimestamp];
        this.vm.setClock(clock);
        this.vm.expireBlockhash(); // Its blockhash makes durable nonces: a new one for each slot.
        this.#blockhashes.advanceTo(this.#slot);
        // Programs see the hashes of the slots before theirs, the newest first.
        const oldest = Math.max(this.firstSlot, this.#slot - slotHashesMax);
        const hashes = [];
        for (let slot = this.#slot - 1; slot >= oldest; slot--) hashes.push({ slot: BigInt(slot), hash: this.#blockhashes.at(slot) });
        this.vm.setSlotHashes(hashes);
    }

    // ------------------------------------------------------------ blockhashes

    latestBlockhash(slot: number): { blockhash: string; lastValidBlockHeight: number } {
        return { blockhash: this.#blockhashes.at(slot), lastValidBlockHeight: this.blockHeight(slot) + blockhashAgeSlotsMax };
    }

    // Known at `slot`, and not too old for the next transaction.
    isBlockhashValid(blockhash: string, slot: number): boolean {
        const made = this.#blockhashes.slotOf(blockhash);
        return made !== undefined && made <= slot;
    }

    // ------------------------------------------------------------ accounts

    account(address: Address, slot = this.#slot): Account | undefined {
        return this.#history.at(slot, address, () => {
            const newest = this.vm.getAccount(address);
            return newest.exists ? toAccount(newest) : undefined;
        });
    }

    programAccounts(program: Address, slot: number): Account[] {
        const found = new Map<Address, Account>();
        for (const encoded of this.vm.getProgramAccounts(program)) {
            const account = toAccount(encoded);
            if (account !== undefined) found.set(account.address, account);
        }
        for (const address of this.#history.changedSince(slot)) {
            const then = this.account(address, slot);
            if (then?.owner === program) found.set(address, then);
            else found.delete(address);
        }
        return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
    }

    // ------------------------------------------------------------ transactions

    // Why a transaction could not run in the next slot, as seen from `slot`.
    #refusal({ message, signatures }: DecodedTransaction, slot: number): TransactionError | undefined {
        if (this.ledger.find(signatures[0] ?? "") !== undefined) return "AlreadyProcessed";
        if (this.isBlockhashValid(message.blockhash, slot) || nonceAccountOf(message, (address) => this.account(address))) return undefined;
        return "BlockhashNotFound";
    }

    // Runs it and changes nothing.
    simulate(decoded: DecodedTransaction, options: { sigVerify: boolean; checkAge: boolean; slot: number }): Simulation {
        const loaded = loadAddresses(decoded.message, (address) => this.account(address));
        const nothing = { meta: undefined, loaded, accounts: new Map<Address, Account>() };
        const refusal = options.checkAge ? this.#refusal(decoded, options.slot) : undefined;
        if (options.sigVerify && !isFullySigned(decoded)) return { ...nothing, err: "SignatureFailure" };
        this.vm.withSigverify(options.sigVerify);
        try {
            const result = this.vm.simulateTransaction(decoded.transaction);
            const err = result instanceof FailedTransactionMetadata ? errorOf(result) : null;
            if (err === "SignatureFailure") return { ...nothing, err };
            if (refusal !== undefined) return { ...nothing, err: refusal };
            const changed = result instanceof FailedTransactionMetadata ? [] : result.postAccounts();
            const accounts = changed.map(toAccount).filter((account) => account !== undefined);
            return { err, meta: result.meta(), loaded, accounts: new Map(accounts.map((account) => [account.address, account])) };
        } finally {
            this.vm.withSigverify(true);
        }
    }

    // Runs it. undefined: it cannot land, and nothing changed; a leader would drop it silently.
    send(decoded: DecodedTransaction): TransactionRecord | undefined {
        const { message } = decoded;
        if (!isFullySigned(decoded) || this.#refusal(decoded, this.#slot) !== undefined) return undefined;
        const loaded = loadAddresses(message, (address) => this.account(address));
        const addresses = [...message.staticAccounts, ...loaded.writable, ...loaded.readonly];
        const before = addresses.map((address) => this.account(address));
        const result = this.vm.sendTransaction(decoded.transaction);
        const after = addresses.map((address) => this.account(address));
        const failed = result instanceof FailedTransactionMetadata;
        // A failed transaction lands if it pays its fee.
        if (failed && before[0]?.lamports === after[0]?.lamports) return undefined;

        const changed: Address[] = [];
        addresses.forEach((address, index) => {
            const isWritable = index < message.staticAccounts.length ? isWritableStatic(message, index) : loaded.writable.includes(address);
            if (!isWritable || isSame(before[index], after[index])) return;
            changed.push(address);
            this.#history.record(this.#slot, address, before[index]);
        });
        const meta = failed ? result.meta() : result;
        const record: TransactionRecord = {
            signature: decoded.signatures[0] ?? "",
            slot: this.#slot,
            blockTime: this.blockTime(this.#slot),
            wire: Buffer.from(decoded.wire).toString("base64"),
            addresses,
            err: failed ? errorOf(result) : null,
            fee: feeOf(message),
            preBalances: before.map((account) => account?.lamports ?? 0n),
            postBalances: after.map((account) => account?.lamports ?? 0n),
            preTokenBalances: tokenBalancesOf(before, (mint) => this.account(mint)),
            postTokenBalances: tokenBalancesOf(after, (mint) => this.account(mint)),
            innerInstructions: innerInstructionsOf(meta),
            logMessages: logsOf(meta),
            loadedAddresses: loaded,
            computeUnitsConsumed: meta.computeUnitsConsumed(),
            returnData: returnDataOf(meta),
            memo: memoOf(message),
        };
        this.ledger.add(record);
        for (const listener of this.listeners) listener.transaction(record, changed);
        return record;
    }

    // undefined: the blockhash is not valid at `slot`.
    feeForMessage(message: Message, slot: number): bigint | undefined {
        const isValid = this.isBlockhashValid(message.blockhash, slot) || nonceAccountOf(message, (address) => this.account(address)) !== undefined;
        return isValid ? feeOf(message) : undefined;
    }
}

const isFullySigned = ({ transaction }: DecodedTransaction): boolean =>
    Object.values(transaction.signatures).every((signature) => signature !== null && signature.some((byte) => byte !== 0));
