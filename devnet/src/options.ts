// The command line.
import { parseArgs } from "node:util";
import { address, type Address } from "@solana/kit";
import type { Features } from "./chain.ts";

export const help = `dev/devnet: a Solana endpoint for development and tests. It is a development chain, not a cluster.

  dev/devnet [OPTIONS]

  --port N             HTTP on port N, websocket on N+1, loopback only (default 8899); 0 takes two free ones
  --state DIR          keep the chain in DIR; without it, it is forgotten at the end
  --fresh              start a new chain in DIR
  --program ID=FILE    deploy FILE at address ID, or upgrade what is there; may be given again
  --features NAME      default, or all: every feature that the virtual machine knows
  --no-timer           slots pass only by chatmcpDevnetAdvance
  --json               say in JSON that it is ready: {"http": PORT, "websocket": PORT}
  -h, --help           this text

When it is ready it prints one line: chatmcp-devnet ready http=PORT websocket=PORT
devnet/README.md lists its methods, and how it differs from a cluster.
`;

export interface Options {
    readonly port: number;
    readonly state: string | undefined;
    readonly fresh: boolean;
    readonly programs: readonly { readonly id: Address; readonly file: string }[];
    readonly features: Features;
    readonly timer: boolean;
    readonly json: boolean;
    readonly help: boolean;
}

export class UsageError extends Error {}

const portMax = 65_534; // The websocket has the next one.
const defaultPort = "8899";

const readPort = (text: string): number => {
    const port = Number(text);
    if (!/^\d{1,5}$/.test(text) || port > portMax) throw new UsageError(`--port takes a number from 0 to ${portMax}, not ${text}`);
    return port;
};

const readProgram = (text: string): { id: Address; file: string } => {
    const split = text.indexOf("=");
    const [id, file] = [text.slice(0, Math.max(0, split)), text.slice(split + 1)];
    try {
        if (split > 0 && file !== "") return { id: address(id), file };
    } catch {
        throw new UsageError(`--program: ${id} is not the base58 address of a program`);
    }
    throw new UsageError(`--program takes ID=FILE, not ${text}`);
};

const parse = (list: string[]) =>
    parseArgs({
        args: list,
        options: {
            port: { type: "string", default: defaultPort },
            state: { type: "string" },
            fresh: { type: "boolean", default: false },
            program: { type: "string", multiple: true, default: [] },
            features: { type: "string", default: "default" },
            "no-timer": { type: "boolean", default: false },
            json: { type: "boolean", default: false },
            help: { type: "boolean", short: "h", default: false },
        },
    }).values;

// Errors: UsageError.
export const readOptions = (list: string[]): Options => {
    let values: ReturnType<typeof parse>;
    try {
        values = parse(list);
    } catch (error) {
        throw new UsageError((error as Error).message);
    }
    const { state, fresh, features } = values;
    if (features !== "default" && features !== "all") throw new UsageError(`--features takes default or all, not ${features}`);
    if (fresh && state === undefined) throw new UsageError("--fresh needs --state DIR");
    const { json, help: wantsHelp } = values;
    return { port: readPort(values.port), state, fresh, programs: values.program.map(readProgram), features, timer: !values["no-timer"], json, help: wantsHelp };
};
