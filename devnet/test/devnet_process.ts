// A devnet in a process of its own, as a developer starts it.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

export interface Answer {
    readonly result?: any;
    readonly error?: { readonly code: number; readonly message: string; readonly data?: any };
}

export class DevnetProcess {
    readonly child: ChildProcess;
    readonly http: string;
    readonly websocket: string;

    private constructor(child: ChildProcess, http: number, websocket: number) {
        this.child = child;
        this.http = `http://127.0.0.1:${http}`;
        this.websocket = `ws://127.0.0.1:${websocket}`;
    }

    static async start(...options: string[]): Promise<DevnetProcess> {
        const child = spawn(process.execPath, [main, "--port", "0", ...options], { stdio: ["ignore", "pipe", "pipe"] });
        let log = "";
        child.stderr!.on("data", (data: Buffer) => (log += data.toString()));
        for await (const line of createInterface({ input: child.stdout! })) {
            const ready = /^chatmcp-devnet ready http=(\d+) websocket=(\d+)$/.exec(line);
            if (ready !== null) return new DevnetProcess(child, Number(ready[1]), Number(ready[2]));
        }
        throw new Error(`the devnet did not start: ${log}`);
    }

    async call(method: string, ...params: unknown[]): Promise<Answer> {
        return (await this.post(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }))) as Answer;
    }

    async result(method: string, ...params: unknown[]): Promise<any> {
        const answer = await this.call(method, ...params);
        if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
        return answer.result;
    }

    async post(body: string | Uint8Array): Promise<unknown> {
        const response = await fetch(this.http, { method: "POST", body: body as BodyInit });
        return response.json();
    }

    async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
        if (this.child.exitCode !== null || this.child.signalCode !== null) return;
        this.child.kill(signal);
        await once(this.child, "exit");
    }
}
