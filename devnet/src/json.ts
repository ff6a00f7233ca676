// JSON as Solana's RPC uses it: 64-bit integers are plain numbers, in both directions.
import { requestDepthMax } from "./limits.ts";

// A number that may not fit a double. Read from JSON, it is a bigint only where it has to be.
export type Integer = number | bigint;

const raw = JSON as unknown as { rawJSON(text: string): unknown };

export const encodeJson = (value: unknown): string =>
    JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? raw.rawJSON(part.toString()) : part));

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

const keepIntegers: Reviver = (_, value, context) => {
    const isRounded = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
    return isRounded && /^-?\d{1,20}$/.test(context.source ?? "") ? BigInt(context.source ?? "") : value;
};

// Throws SyntaxError.
export const decodeJson = (text: string): unknown => (JSON.parse as (text: string, reviver: Reviver) => unknown)(text, keepIntegers);

// For text from outside: the parser recurses, so the depth is looked at first.
export const decodeJsonUntrusted = (text: string): unknown => {
    let depth = 0;
    let inString = false;
    for (let at = 0; at < text.length; at++) {
        const char = text[at];
        if (inString) {
            if (char === "\\") at++;
            else if (char === '"') inString = false;
        } else if (char === '"') {
            inString = true;
        } else if (char === "{" || char === "[") {
            if (++depth > requestDepthMax) throw new SyntaxError(`nested more than ${requestDepthMax} deep`);
        } else if (char === "}" || char === "]") {
            depth--;
        }
    }
    return decodeJson(text);
};

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
