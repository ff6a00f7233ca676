// The two programs as child processes, and their clients.
import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

export type Fields = Record<string, unknown>;

/** What docs/mls-peer.md says that replies may have. Absent fields fail the assertion that looks at them. */
export interface Reply {
    ok: boolean;
    error: string;
    kind: string;
    text: string;
    aad: string;
    sender?: number;
    message: string;
    commit: string;
    welcome: string;
    ratchet_tree: string;
    key_package: string;
    group_info: string;
    secret: string;
    group_id: string;
    epoch: number;
    index: number;
    active: boolean;
    /** Their number in a state, a list in the reply to `members`. */
    members: unknown;
    tree_hash: string;
    confirmed_transcript_hash: string;
    epoch_authenticator: string;
}

/** A program that speaks the line protocol. */
export class Peer {
    readonly name: string;
    readonly #child: ChildProcessByStdio<Writable, Readable, null>;
    readonly #waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
    readonly #ended: Promise<void>;
    #calls = 0;

    constructor(name: string, program: string, ...args: string[]) {
        this.name = name;
        this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
        this.#child.stdin.on("error", () => {}); // Its end is seen below.
        this.#ended = new Promise((resolve) => {
            const end = (why: string): void => {
                for (const { reject } of this.#waiting.values()) reject(new Error(`${name} ended: ${why}`));
                this.#waiting.clear();
                resolve();
            };
            this.#child.on("error", (error) => end(error.message));
            this.#child.on("close", (code, signal) => end(`exit ${code ?? signal}`));
        });
        createInterface({ input: this.#child.stdout }).on("line", (line) => this.#answered(line));
    }

    call(client: string, cmd: string, fields: Fields = {}): Promise<Reply> {
        const id = ++this.#calls;
        return new Promise((resolve, reject) => {
            this.#waiting.set(id, { resolve, reject });
            this.#child.stdin.write(JSON.stringify({ ...fields, cmd, client, id }) + "\n");
        });
    }

    async close(): Promise<void> {
        this.#child.stdin.end();
        await this.#ended;
    }

    #answered(line: string): void {
        const reply = JSON.parse(line) as Reply & { id: number };
        const [next] = this.#waiting.keys();
        assert.equal(reply.id, next, `${this.name} answered out of order`);
        this.#waiting.get(reply.id)?.resolve(reply);
        this.#waiting.delete(reply.id);
    }
}

/** A client of one of the programs. */
export class Client {
    readonly peer: Peer;
    readonly name: string;

    constructor(peer: Peer, name: string) {
        this.peer = peer;
        this.name = name;
    }

    toString(): string {
        return `${this.name} (${this.peer.name})`;
    }

    async ask(cmd: string, fields: Fields = {}): Promise<Reply> {
        const reply = await this.peer.call(this.name, cmd, fields);
        assert.ok(reply.ok, `${this}: ${cmd} was refused: ${reply.error}`);
        return reply;
    }

    /** The error of a request that must be refused. */
    async refusal(cmd: string, fields: Fields = {}): Promise<string> {
        const reply = await this.peer.call(this.name, cmd, fields);
        assert.equal(reply.ok, false, `${this}: ${cmd} was not refused`);
        return reply.error;
    }

    async keyPackage(): Promise<string> {
        return (await this.ask("new_key_package")).key_package;
    }
}
