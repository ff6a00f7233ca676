// What a websocket client is told without asking again.
//
// An event of a slot is told to a subscriber when the slot reaches his commitment, with the state of that slot.
import type { Address } from "@solana/kit";
import { encodeAccount, readAccountFormat, readFilters, type AccountFormat, type Filter } from "./account_encoding.ts";
import type { Chain, ChainListener } from "./chain.ts";
import { encodeJson } from "./json.ts";
import type { TransactionRecord } from "./ledger.ts";
import { finalizedAfterSlots, subscriptionsPerConnectionMax } from "./limits.ts";
import { withContext } from "./methods/method.ts";
import { readAddress, readInteger, type Commitment, type Params } from "./params.ts";
import { code, invalidParams, RpcError } from "./rpc_error.ts";
import { systemProgram } from "./transaction.ts";

type Kind = "account" | "logs" | "program" | "root" | "signature" | "slot";

interface Subscription {
    readonly id: number;
    readonly kind: Kind;
    readonly client: Client;
    readonly commitment: Commitment;
    readonly key: string | undefined; // Address or signature; of logs, the one mentioned.
    readonly format: AccountFormat;
    readonly filters: readonly Filter[];
}

interface SlotEvents {
    readonly slot: number;
    readonly records: TransactionRecord[];
    readonly changed: Set<Address>;
}

// A websocket connection.
export interface Client {
    send(text: string): void;
}

const allCommitments = ["confirmed", "finalized"] as const;

export class Subscriptions implements ChainListener {
    readonly #chain: Chain;
    readonly #all = new Map<number, Subscription>();
    #events: SlotEvents[] = []; // Of slots that are not finalized, ascending.
    readonly #told = { confirmed: 0, finalized: 0 };
    #lastId = 0;

    constructor(chain: Chain) {
        this.#chain = chain;
        // Of a new chain every commitment is at its first slot, of which nothing was told yet.
        for (const commitment of allCommitments) this.#told[commitment] = Math.min(chain.slotAt(commitment), chain.slot - 1);
        chain.listeners.push(this);
    }

    // ------------------------------------------------------------ what clients call

    call(client: Client, method: string, params: Params): unknown {
        const match = /^(account|logs|program|root|signature|slot)(Subscribe|Unsubscribe)$/.exec(method);
        if (match === null) throw new RpcError(code.methodNotFound, "Method not found");
        const kind = match[1] as Kind;
        return match[2] === "Subscribe" ? this.#subscribe(client, kind, params) : this.#unsubscribe(client, kind, params);
    }

    leave(client: Client): void {
        for (const [id, subscription] of this.#all) if (subscription.client === client) this.#all.delete(id);
    }

    #subscribe(client: Client, kind: Kind, params: Params): number {
        const count = [...this.#all.values()].filter((subscription) => subscription.client === client).length;
        if (count >= subscriptionsPerConnectionMax) throw new RpcError(code.internalError, `A connection has at most ${subscriptionsPerConnectionMax} subscriptions`);
        const subscription = { id: this.#lastId + 1, kind, client, ...this.#readTarget(kind, params) };
        this.#lastId++;
        this.#all.set(subscription.id, subscription);
        if (kind === "signature") setImmediate(() => this.#tellKnownSignature(subscription));
        return subscription.id;
    }

    #readTarget(kind: Kind, params: Params): Omit<Subscription, "id" | "kind" | "client"> {
        const none = { commitment: "processed" as const, key: undefined, format: { encoding: "base64" as const, slice: undefined }, filters: [] };
        if (kind === "slot" || kind === "root") return none;
        const config = params.config(1);
        const common = { ...none, commitment: config.commitment() };
        if (kind === "signature") return { ...common, key: params.signature(0) };
        if (kind === "logs") return { ...common, key: readLogsFilter(params) };
        const filters = kind === "program" ? readFilters(config) : [];
        return { ...common, key: params.address(0), format: readAccountFormat(config), filters };
    }

    #unsubscribe(client: Client, kind: Kind, params: Params): boolean {
        const id = readInteger(params.at(0), Number.MAX_SAFE_INTEGER, "subscription");
        const subscription = this.#all.get(id);
        if (subscription?.client !== client || subscription.kind !== kind) throw invalidParams("Invalid subscription id.");
        return this.#all.delete(id);
    }

    // ------------------------------------------------------------ what the chain says

    transaction(record: TransactionRecord, changed: readonly Address[]): void {
        if (this.#events.at(-1)?.slot !== record.slot) this.#events.push({ slot: record.slot, records: [], changed: new Set() });
        const events = this.#events.at(-1);
        events?.records.push(record);
        changed.forEach((address) => events?.changed.add(address));
        this.#tellEvents("processed", { slot: record.slot, records: [record], changed: new Set(changed) });
    }

    slot(slot: number, parent: number): void {
        const root = this.#chain.slotAt("finalized");
        for (const subscription of this.#all.values()) {
            if (subscription.kind === "slot") this.#tell(subscription, { slot, parent, root });
            if (subscription.kind === "root" && root > this.#told.finalized) this.#tell(subscription, root);
        }
        for (const commitment of allCommitments) {
            const reached = this.#chain.slotAt(commitment);
            for (const events of this.#events) {
                if (events.slot > this.#told[commitment] && events.slot <= reached) this.#tellEvents(commitment, events);
            }
            this.#told[commitment] = reached;
        }
        this.#events = this.#events.filter((events) => events.slot > slot - finalizedAfterSlots);
    }

    // ------------------------------------------------------------ notifications

    #tell({ kind, id, client }: Subscription, result: unknown): void {
        client.send(encodeJson({ jsonrpc: "2.0", method: `${kind}Notification`, params: { result, subscription: id } }));
    }

    #tellEvents(commitment: Commitment, events: SlotEvents): void {
        for (const subscription of [...this.#all.values()]) {
            if (subscription.commitment !== commitment) continue;
            if (subscription.kind === "account" || subscription.kind === "program") this.#tellAccounts(subscription, events);
            if (subscription.kind === "logs") this.#tellLogs(subscription, events);
            if (subscription.kind === "signature") {
                const record = events.records.find(({ signature }) => signature === subscription.key);
                if (record !== undefined) this.#tellSignature(subscription, record);
            }
        }
    }

    #tellAccounts(subscription: Subscription, { slot, changed }: SlotEvents): void {
        const { kind, key, format, filters } = subscription;
        const read = (address: Address) => this.#chain.account(address, slot);
        for (const address of changed) {
            if (kind === "account" && address !== key) continue;
            const account = read(address);
            if (kind === "program" && (account === undefined || account.owner !== key || !filters.every((filter) => filter(account.data)))) continue;
            try {
                const shown = encodeAccount(account ?? closed(address), format, read);
                this.#tell(subscription, withContext(slot, kind === "account" ? shown : { pubkey: address, account: shown }));
            } catch (error) {
                if (!(error instanceof RpcError)) throw error; // Too large for base58: it cannot be shown as asked.
            }
        }
    }

    #tellLogs(subscription: Subscription, { slot, records }: SlotEvents): void {
        for (const { signature, err, logMessages, addresses } of records) {
            if (subscription.key !== undefined && !addresses.includes(subscription.key as Address)) continue;
            this.#tell(subscription, withContext(slot, { signature, err, logs: logMessages }));
        }
    }

    // Once; then the subscription is over.
    #tellSignature(subscription: Subscription, record: TransactionRecord): void {
        if (!this.#all.delete(subscription.id)) return;
        this.#tell(subscription, withContext(record.slot, { err: record.err }));
    }

    #tellKnownSignature(subscription: Subscription): void {
        const record = this.#chain.ledger.find(subscription.key ?? "");
        if (record !== undefined && record.slot <= this.#chain.slotAt(subscription.commitment)) this.#tellSignature(subscription, record);
    }
}

const closed = (address: Address) => ({ address, lamports: 0n, owner: systemProgram, executable: false, data: new Uint8Array() });

// undefined: all of them.
const readLogsFilter = (params: Params): string | undefined => {
    const filter = params.at(0);
    if (filter === "all" || filter === "allWithVotes") return undefined;
    const mentions = params.object(0).list("mentions");
    if (mentions.length !== 1) throw invalidParams("Invalid Request: Only 1 address supported");
    return readAddress(mentions[0], "mention");
};
