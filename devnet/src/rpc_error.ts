// The error codes of JSON-RPC 2.0 and of Solana's RPC.

export const code = {
    parseError: -32700,
    invalidRequest: -32600,
    methodNotFound: -32601,
    invalidParams: -32602,
    internalError: -32603,
    sendTransactionPreflightFailure: -32002,
    transactionSignatureVerificationFailure: -32003,
    blockNotAvailable: -32004,
    longTermStorageSlotSkipped: -32009,
    unsupportedTransactionVersion: -32015,
    minContextSlotNotReached: -32016,
} as const;

export class RpcError extends Error {
    readonly code: number;
    readonly data: unknown;

    constructor(code: number, message: string, data?: unknown) {
        super(message);
        this.code = code;
        this.data = data;
    }
}

export const invalidParams = (message: string): RpcError => new RpcError(code.invalidParams, message);
