// JSON-RPC 2.0: from the bytes of a request to those of its answer. Whatever comes, there is an answer.
import { decodeJsonUntrusted, encodeJson, isObject } from "./json.ts";
import { batchMax } from "./limits.ts";
import { Params } from "./params.ts";
import { code, RpcError } from "./rpc_error.ts";

export type Call = (method: string, params: Params) => unknown;

const answerTo = (id: unknown, body: object): object => ({ jsonrpc: "2.0", ...body, id });

const errorBody = (error: unknown): object => {
    if (!(error instanceof RpcError)) {
        console.error(error); // A fault of the devnet, not of the request.
        return { error: { code: code.internalError, message: "Internal error" } };
    }
    const { message, data } = error;
    return { error: { code: error.code, message, ...(data === undefined ? {} : { data }) } };
};

export const refusal = (error: RpcError): string => encodeJson(answerTo(null, errorBody(error)));

const isId = (id: unknown): boolean => id === null || typeof id === "string" || typeof id === "number" || typeof id === "bigint";

const answerOne = (request: unknown, call: Call): object => {
    const id = isObject(request) && isId(request["id"]) ? request["id"] : null;
    try {
        if (!isObject(request) || request["jsonrpc"] !== "2.0" || !isId(request["id"]) || typeof request["method"] !== "string") {
            throw new RpcError(code.invalidRequest, "Invalid request");
        }
        return answerTo(id, { result: call(request["method"], new Params(request["params"])) ?? null });
    } catch (error) {
        return answerTo(id, errorBody(error));
    }
};

const parse = (body: Uint8Array): unknown => {
    try {
        return decodeJsonUntrusted(new TextDecoder("utf-8", { fatal: true }).decode(body));
    } catch {
        throw new RpcError(code.parseError, "Parse error");
    }
};

const isNotification = (request: unknown): boolean => isObject(request) && typeof request["method"] === "string" && request["id"] === undefined;

// One request or a batch. undefined: a notification over a websocket, which has no answer.
export const answer = (body: Uint8Array, call: Call, transport: "http" | "websocket"): string | undefined => {
    let request: unknown;
    try {
        request = parse(body);
        if (Array.isArray(request) && (request.length === 0 || request.length > batchMax)) {
            throw new RpcError(code.invalidRequest, `Invalid request: a batch has 1 to ${batchMax} requests`);
        }
    } catch (error) {
        return encodeJson(answerTo(null, errorBody(error)));
    }
    if (transport === "websocket" && isNotification(request)) return undefined;
    return encodeJson(Array.isArray(request) ? request.map((one) => answerOne(one, call)) : answerOne(request, call));
};
