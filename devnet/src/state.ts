// Where a chain outlives its process: a folder with one snapshot and the file of transactions that it counts on.
//
//   chain.snapshot          one line of JSON, then the virtual machine's bytes; replaced by one rename
//   transactions-N.jsonl    a line for each transaction that landed, only ever appended to
//   lock                    process id of the devnet that uses the folder
//
// The snapshot says how many bytes of the file belong to it; what comes after them was written by a process that was
// killed before its next snapshot, and is cut off. So a kill loses at most what happened since the last snapshot, and
// never leaves half of something.
import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "@solana/kit";
import { Chain, type ChainListener, type ChainState, type Features } from "./chain.ts";
import { decodeJson, encodeJson } from "./json.ts";
import type { TransactionRecord } from "./ledger.ts";
import { snapshotIdleMs, snapshotIntervalMs, transactionsMax } from "./limits.ts";

interface Snapshot {
    readonly version: 1;
    readonly chain: ChainState;
    readonly transactions: { readonly file: string; readonly bytes: number };
    readonly vm: { readonly bytes: number; readonly sha256: string };
}

export class StateError extends Error {}

const snapshotName = "chain.snapshot";
const lockName = "lock";
const newline = 0x0a;

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const isAlive = (processId: number): boolean => {
    try {
        process.kill(processId, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
};

const lock = (folder: string): void => {
    const path = join(folder, lockName);
    if (existsSync(path)) {
        const owner = Number(readFileSync(path, "utf8"));
        if (owner !== process.pid && Number.isSafeInteger(owner) && owner > 0 && isAlive(owner)) {
            throw new StateError(`${folder} is in use by process ${owner}; if that is no devnet, remove ${path}`);
        }
    }
    writeFileSync(path, `${process.pid}\n`);
};

const writeWhole = (path: string, parts: readonly Uint8Array[]): void => {
    const file = openSync(`${path}.new`, "w", 0o600);
    for (const part of parts) {
        for (let at = 0; at < part.length;) at += writeSync(file, part, at);
    }
    fsyncSync(file);
    closeSync(file);
    renameSync(`${path}.new`, path);
};

const readSnapshot = (folder: string): { snapshot: Snapshot; vm: Uint8Array; records: TransactionRecord[] } | undefined => {
    const path = join(folder, snapshotName);
    if (!existsSync(path)) return undefined;
    const damaged = (what: string) => new StateError(`${join(folder, what)} is damaged; --fresh starts a new chain`);
    const bytes = readFileSync(path);
    const end = bytes.indexOf(newline);
    try {
        const snapshot = decodeJson(bytes.toString("utf8", 0, end)) as Snapshot;
        if (snapshot.version !== 1) throw damaged(snapshotName);
        const vm = bytes.subarray(end + 1);
        if (vm.length !== snapshot.vm.bytes || sha256(vm) !== snapshot.vm.sha256) throw damaged(snapshotName);
        const { file, bytes: counted } = snapshot.transactions;
        const lines = readFileSync(join(folder, file));
        if (lines.length < counted) throw damaged(file);
        const text = lines.toString("utf8", 0, counted);
        const records = text.split("\n").filter((line) => line !== "").map((line) => decodeJson(line) as TransactionRecord);
        return { snapshot, vm, records };
    } catch (error) {
        throw error instanceof StateError ? error : damaged(snapshotName);
    }
};

export class StateFolder implements ChainListener {
    readonly chain: Chain;
    readonly #folder: string;
    #file: string;
    #bytes: number;
    #pending: string[] = []; // Lines not yet written.
    #timer: NodeJS.Timeout | undefined;
    #isChanged = true;
    #savedMs = 0;
    #savedSlot = 0;

    // Errors: StateError, with a text for whoever started the devnet.
    static open(folder: string, options: { fresh: boolean; features: Features }, nowMs: number): StateFolder {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        lock(folder);
        if (options.fresh) {
            for (const name of readdirSync(folder)) {
                if (name.startsWith(snapshotName) || /^transactions-\d+\.jsonl/.test(name)) rmSync(join(folder, name));
            }
        }
        const saved = readSnapshot(folder);
        if (saved === undefined) return new StateFolder(folder, Chain.create(options.features, nowMs), "transactions-1.jsonl", 0);
        const { snapshot, vm, records } = saved;
        if (snapshot.chain.features !== options.features) {
            throw new StateError(`${folder} has a chain with --features ${snapshot.chain.features}; give that, or --fresh`);
        }
        const { file, bytes } = snapshot.transactions;
        truncateSync(join(folder, file), bytes);
        const kept = records.slice(-transactionsMax);
        const state = new StateFolder(folder, Chain.restore(vm, snapshot.chain, kept), file, bytes);
        if (kept.length < records.length) state.#rewrite(kept);
        return state;
    }

    private constructor(folder: string, chain: Chain, file: string, bytes: number) {
        this.#folder = folder;
        this.chain = chain;
        this.#file = file;
        this.#bytes = bytes;
        chain.listeners.push(this);
    }

    start(): void {
        this.save();
        this.#timer = setInterval(() => this.#saveIfDue(), snapshotIntervalMs);
    }

    stop(): void {
        clearInterval(this.#timer);
        this.save();
        rmSync(join(this.#folder, lockName), { force: true });
    }

    slot(): void {}

    transaction(record: TransactionRecord, _: readonly Address[]): void {
        this.#isChanged = true;
        this.#pending.push(`${encodeJson(record)}\n`);
    }

    #saveIfDue(): void {
        const isIdleOver = performance.now() - this.#savedMs >= snapshotIdleMs && this.chain.slot !== this.#savedSlot;
        if (this.#isChanged || isIdleOver) this.save();
    }

    save(): void {
        this.#append();
        const vm = this.chain.vm.toBytes();
        const snapshot: Snapshot = {
            version: 1,
            chain: this.chain.state(),
            transactions: { file: this.#file, bytes: this.#bytes },
            vm: { bytes: vm.length, sha256: sha256(vm) },
        };
        writeWhole(join(this.#folder, snapshotName), [Buffer.from(`${encodeJson(snapshot)}\n`), vm]);
        this.#isChanged = false;
        this.#savedMs = performance.now();
        this.#savedSlot = this.chain.slot;
    }

    #append(): void {
        const lines = Buffer.from(this.#pending.join(""));
        this.#pending = [];
        const file = openSync(join(this.#folder, this.#file), "a", 0o600);
        for (let at = 0; at < lines.length;) at += writeSync(file, lines, at);
        fsyncSync(file);
        closeSync(file);
        this.#bytes += lines.length;
    }

    // Into the next file without what is forgotten; the old one goes when the snapshot names the new one.
    #rewrite(records: readonly TransactionRecord[]): void {
        const old = this.#file;
        const number = Number(/\d+/.exec(old)?.[0] ?? 0) + 1;
        const lines = Buffer.from(records.map((record) => `${encodeJson(record)}\n`).join(""));
        this.#file = `transactions-${number}.jsonl`;
        writeWhole(join(this.#folder, this.#file), [lines]);
        this.#bytes = lines.length;
        this.save();
        rmSync(join(this.#folder, old));
    }
}
