// HTTP on one port of loopback, websockets on the next.
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { connectionsMax, requestBytesMax, requestTimeoutMs, sendQueueBytesMax } from "./limits.ts";
import { accountMethods } from "./methods/accounts.ts";
import { clusterMethods } from "./methods/cluster.ts";
import { developmentMethods } from "./methods/development.ts";
import type { Devnet, Methods } from "./methods/method.ts";
import { tokenMethods } from "./methods/tokens.ts";
import { transactionMethods } from "./methods/transactions.ts";
import { answer, refusal, type Call } from "./rpc.ts";
import { code, RpcError } from "./rpc_error.ts";
import type { Subscriptions } from "./subscriptions.ts";

export const methods: Methods = { ...clusterMethods, ...accountMethods, ...tokenMethods, ...transactionMethods, ...developmentMethods };

const loopback = "127.0.0.1";
const portTries = 20;

const callOf = (devnet: Devnet): Call => (name, params) => {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined) throw new RpcError(code.methodNotFound, "Method not found");
    return method(devnet, params);
};

// Wallets are pages of other origins: all may ask, as on a real cluster.
const headers = {
    "content-type": "application/json",
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET, OPTIONS",
    "access-control-allow-headers": "*",
    "access-control-max-age": "86400",
};

const respond = (response: http.ServerResponse, status: number, body: string): void => {
    response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
    response.end(body);
};

const refuse = (response: http.ServerResponse, status: number, message: string): void =>
    respond(response, status, refusal(new RpcError(code.invalidRequest, message)));

const handle = (request: http.IncomingMessage, response: http.ServerResponse, call: Call): void => {
    if (request.method === "OPTIONS") return respond(response, 200, "");
    if (request.method === "GET" && request.url === "/health") return respond(response, 200, "ok");
    if (request.method !== "POST") return refuse(response, 405, "Used HTTP Method is not allowed. POST or OPTIONS is required");
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size <= requestBytesMax) chunks.push(chunk);
    });
    request.on("end", () => {
        if (size > requestBytesMax) return refuse(response, 413, `The request is larger than ${requestBytesMax} bytes`);
        respond(response, 200, answer(Buffer.concat(chunks), call, "http") ?? "");
    });
    request.on("error", () => response.destroy());
};

const serveHttp = (call: Call): http.Server => {
    const server = http.createServer({ requestTimeout: requestTimeoutMs }, (request, response) => handle(request, response, call));
    server.maxConnections = connectionsMax;
    // What is not even HTTP gets the same kind of answer.
    server.on("clientError", (_, socket) => {
        if (!(socket as Socket).writable) return;
        const body = refusal(new RpcError(code.invalidRequest, "Not an HTTP request"));
        socket.end(`HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
    });
    return server;
};

const serveWebsocket = (server: http.Server, subscriptions: Subscriptions): WebSocketServer => {
    const sockets = new WebSocketServer({ server, maxPayload: requestBytesMax });
    sockets.on("connection", (socket: WebSocket) => {
        if (sockets.clients.size > connectionsMax) return socket.close(1013, "too many connections");
        const client = {
            send(text: string): void {
                if (socket.bufferedAmount > sendQueueBytesMax) socket.terminate();
                else socket.send(text);
            },
        };
        socket.on("message", (data: Buffer) => {
            const text = answer(data, (method, params) => subscriptions.call(client, method, params), "websocket");
            if (text !== undefined) client.send(text);
        });
        socket.on("close", () => subscriptions.leave(client));
        socket.on("error", () => socket.terminate());
    });
    return sockets;
};

const listen = (server: http.Server, port: number): Promise<number> =>
    new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, loopback, () => {
            server.off("error", reject);
            resolve((server.address() as AddressInfo).port);
        });
    });

const isTaken = (error: unknown): boolean => ["EADDRINUSE", "ERR_SOCKET_BAD_PORT"].includes((error as NodeJS.ErrnoException).code ?? "");

const close = (server: http.Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

export interface Server {
    readonly httpPort: number;
    readonly websocketPort: number;
    close(): Promise<void>;
}

// Port 0 takes any two that follow each other: clients take the websocket's to be the next one.
export const serve = async (devnet: Devnet, subscriptions: Subscriptions, port: number): Promise<Server> => {
    const rpc = serveHttp(callOf(devnet));
    const upgrade = http.createServer((_, response) => refuse(response, 426, "This port takes websockets"));
    for (let left = port === 0 ? portTries : 1; ; left--) {
        const httpPort = await listen(rpc, port);
        try {
            const websocketPort = await listen(upgrade, httpPort + 1);
            const sockets = serveWebsocket(upgrade, subscriptions);
            const closeAll = async (): Promise<void> => {
                for (const socket of sockets.clients) socket.terminate();
                rpc.closeAllConnections();
                await Promise.all([close(rpc), close(upgrade)]);
            };
            return { httpPort, websocketPort, close: closeAll };
        } catch (error) {
            await close(rpc);
            if (!isTaken(error) || left <= 1) throw error;
        }
    }
};
