// Reads the parameters of a request. Nothing about them has been checked before; every refusal is -32602.
import { address, assertIsSignature, getBase58Encoder, type Address } from "@solana/kit";
import { isObject } from "./json.ts";
import { code, invalidParams, RpcError } from "./rpc_error.ts";

export type Commitment = "processed" | "confirmed" | "finalized";
const commitments: readonly unknown[] = ["processed", "confirmed", "finalized"];

const u64Max = (1n << 64n) - 1n;
const addressCharactersMax = 44;
const signatureCharactersMax = 88;

export const readAddress = (value: unknown, what: string): Address => {
    if (typeof value !== "string") throw invalidParams(`Invalid params: ${what} is not a string`);
    if (value.length > addressCharactersMax) throw invalidParams(`Invalid param: WrongSize (${what})`);
    try {
        return address(value);
    } catch {
        throw invalidParams(`Invalid param: Invalid (${what} is not a base58 address of 32 bytes)`);
    }
};

export const readSignature = (value: unknown, what: string): string => {
    if (typeof value !== "string") throw invalidParams(`Invalid params: ${what} is not a string`);
    if (value.length > signatureCharactersMax) throw invalidParams(`Invalid param: WrongSize (${what})`);
    try {
        assertIsSignature(value);
    } catch {
        throw invalidParams(`Invalid param: Invalid (${what} is not a base58 signature of 64 bytes)`);
    }
    return value;
};

// Base58 costs time that grows with the square of the length: give `charactersMax`.
export const readBase58 = (value: string, charactersMax: number, what: string): Uint8Array => {
    if (value.length > charactersMax) throw invalidParams(`Invalid params: ${what} is too large: ${value.length} characters (max: ${charactersMax})`);
    try {
        return new Uint8Array(getBase58Encoder().encode(value));
    } catch {
        throw invalidParams(`Invalid params: ${what} has an invalid base58 encoding`);
    }
};

export const readBase64 = (value: string, charactersMax: number, what: string): Uint8Array => {
    if (value.length > charactersMax) throw invalidParams(`Invalid params: ${what} is too large: ${value.length} characters (max: ${charactersMax})`);
    const bytes = Buffer.from(value, "base64");
    if (bytes.toString("base64") !== value) throw invalidParams(`Invalid params: ${what} has an invalid base64 encoding`);
    return new Uint8Array(bytes);
};

// The last parameter of most methods. Unknown names in it are ignored, as a real cluster does.
export class Config {
    readonly #fields: Record<string, unknown>;

    constructor(fields: Record<string, unknown>) {
        this.#fields = fields;
    }

    // null and absent are the same.
    get(name: string): unknown {
        const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
        return value === null ? undefined : value;
    }

    boolean(name: string): boolean {
        const value = this.get(name) ?? false;
        if (typeof value !== "boolean") throw invalidParams(`Invalid params: ${name} is not a boolean`);
        return value;
    }

    integer(name: string, maximum: number): number | undefined {
        const value = this.get(name);
        return value === undefined ? undefined : readInteger(value, maximum, name);
    }

    text(name: string): string | undefined {
        const value = this.get(name);
        if (value !== undefined && typeof value !== "string") throw invalidParams(`Invalid params: ${name} is not a string`);
        return value;
    }

    oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
        const value = this.text(name);
        if (value !== undefined && !(choices as readonly string[]).includes(value)) {
            throw invalidParams(`Invalid params: unknown ${name} \`${value.slice(0, 40)}\`, expected one of ${choices.join(", ")}`);
        }
        return value as T | undefined;
    }

    list(name: string): readonly unknown[] {
        const value = this.get(name) ?? [];
        if (!Array.isArray(value)) throw invalidParams(`Invalid params: ${name} is not a list`);
        return value;
    }

    object(name: string): Config | undefined {
        const value = this.get(name);
        if (value === undefined) return undefined;
        if (!isObject(value)) throw invalidParams(`Invalid params: ${name} is not an object`);
        return new Config(value);
    }

    commitment(name = "commitment"): Commitment {
        const value = this.get(name) ?? "finalized";
        if (!commitments.includes(value)) throw invalidParams(`Invalid params: unknown ${name}, expected one of ${commitments.join(", ")}`);
        return value as Commitment;
    }
}

export const readInteger = (value: unknown, maximum: number, what: string): number => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > maximum) {
        throw invalidParams(`Invalid params: ${what} is not an integer from 0 to ${maximum}`);
    }
    return value;
};

export class Params {
    readonly #values: readonly unknown[];

    constructor(values: unknown) {
        if (values === undefined || values === null) this.#values = [];
        else if (Array.isArray(values)) this.#values = values;
        else throw invalidParams("Invalid params: expected a list");
    }

    get length(): number {
        return this.#values.length;
    }

    at(index: number): unknown {
        if (index >= this.#values.length) throw invalidParams("`params` should have at least " + `${index + 1} argument(s)`);
        return this.#values[index];
    }

    address(index: number): Address {
        return readAddress(this.at(index), `parameter ${index + 1}`);
    }

    signature(index: number): string {
        return readSignature(this.at(index), `parameter ${index + 1}`);
    }

    text(index: number): string {
        const value = this.at(index);
        if (typeof value !== "string") throw invalidParams(`Invalid params: parameter ${index + 1} is not a string`);
        return value;
    }

    integer(index: number, maximum: number): number {
        return readInteger(this.at(index), maximum, `parameter ${index + 1}`);
    }

    u64(index: number): bigint {
        const value = this.at(index);
        const isInteger = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
        if (!isInteger || BigInt(value) < 0n || BigInt(value) > u64Max) {
            throw invalidParams(`Invalid params: parameter ${index + 1} is not an unsigned integer of 64 bits`);
        }
        return BigInt(value);
    }

    list(index: number, maximum: number): readonly unknown[] {
        const value = this.at(index);
        if (!Array.isArray(value)) throw invalidParams(`Invalid params: parameter ${index + 1} is not a list`);
        if (value.length > maximum) throw invalidParams(`Too many inputs provided; max ${maximum}`);
        return value;
    }

    object(index: number): Config {
        const value = this.at(index);
        if (!isObject(value)) throw invalidParams(`Invalid params: parameter ${index + 1} is not an object`);
        return new Config(value);
    }

    // Absent and null: no configuration.
    config(index: number): Config {
        return (this.#values[index] ?? null) === null ? new Config({}) : this.object(index);
    }
}

export const minContextSlotNotReached = (contextSlot: number): RpcError =>
    new RpcError(code.minContextSlotNotReached, "Minimum context slot has not been reached", { contextSlot });
