// Fields of a request of docs/mls-peer.md, read strictly.

export class Unsupported extends Error {}
export class WrongRequest extends Error {}

export interface ExtensionField {
    type: number;
    data: Uint8Array;
}

export const toHex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

export const fromHex = (text: unknown): Uint8Array => {
    if (typeof text !== "string" || !/^([0-9a-f]{2})*$/.test(text)) throw new WrongRequest("not lower-case hex");
    return new Uint8Array(Buffer.from(text, "hex"));
};

const numberOf = (value: unknown): number => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw new WrongRequest("not a number");
    return value;
};

export class RequestFields {
    readonly #request: Record<string, unknown>;

    constructor(request: Record<string, unknown>) {
        this.#request = request;
    }

    has(name: string): boolean {
        return Object.hasOwn(this.#request, name);
    }

    text(name: string, otherwise?: string): string {
        const value = this.#value(name, otherwise);
        if (typeof value !== "string") throw new WrongRequest(`${name} is not a text`);
        return value;
    }

    number(name: string, otherwise?: number): number {
        return numberOf(this.#value(name, otherwise));
    }

    boolean(name: string, otherwise: boolean): boolean {
        const value = this.#value(name, otherwise);
        if (typeof value !== "boolean") throw new WrongRequest(`${name} is not true or false`);
        return value;
    }

    bytes(name: string, otherwise?: Uint8Array): Uint8Array {
        return fromHex(this.#value(name, otherwise && toHex(otherwise)));
    }

    byteList(name: string): Uint8Array[] {
        return this.#list(name).map(fromHex);
    }

    numbers(name: string): number[] {
        return this.#list(name).map(numberOf);
    }

    extensions(name: string): ExtensionField[] {
        return this.#list(name).map((value) => {
            if (typeof value !== "object" || value === null) throw new WrongRequest(`${name} has no extensions`);
            const { type, data } = value as Record<string, unknown>;
            return { type: numberOf(type), data: fromHex(data) };
        });
    }

    #value(name: string, otherwise: unknown): unknown {
        const value = this.has(name) ? this.#request[name] : otherwise;
        if (value === undefined) throw new WrongRequest(`${name} is missing`);
        return value;
    }

    #list(name: string): unknown[] {
        const value = this.#value(name, []);
        if (!Array.isArray(value)) throw new WrongRequest(`${name} is not a list`);
        return value;
    }
}
