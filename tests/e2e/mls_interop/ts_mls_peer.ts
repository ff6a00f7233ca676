// ts-mls behind the line protocol of docs/mls-peer.md, so that the same driver can put it against chatmcp-mls-peer.
//
// A refusal of ts-mls is answered with its own words in `error`; what it cannot do at all is answered "unsupported".
import { createInterface } from "node:readline";
import { RequestFields, Unsupported, WrongRequest } from "./fields.ts";
import { TsMlsClient } from "./ts_mls_client.ts";

const clients = new Map<string, TsMlsClient>();

const run = async (fields: RequestFields): Promise<object> => {
    const [command, name] = [fields.text("cmd"), fields.text("client")];
    if (command === "init") {
        clients.set(name, await TsMlsClient.init(name, fields));
        return {};
    }
    const client = clients.get(name);
    if (client === undefined) throw new WrongRequest(`no client ${name}`);
    return client.run(command, fields);
};

const answer = async (line: string): Promise<object> => {
    let id: unknown;
    try {
        const request: unknown = JSON.parse(line);
        if (typeof request !== "object" || request === null) throw new WrongRequest("not an object");
        id = "id" in request ? request.id : undefined;
        return { ...(await run(new RequestFields(request as Record<string, unknown>))), ok: true, id };
    } catch (error) {
        const text = error instanceof Unsupported ? "unsupported" : String(error);
        return { ok: false, error: text, detail: error instanceof Unsupported ? error.message : undefined, id };
    }
};

for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(line)) + "\n");
}
