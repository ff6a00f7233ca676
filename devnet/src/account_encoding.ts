// Accounts in the encodings of the RPC.
import { zstdCompressSync } from "node:zlib";
import { getBase58Decoder, type Address } from "@solana/kit";
import type { Account } from "./account_history.ts";
import type { Integer } from "./json.ts";
import { accountDataBytesMax, base58DataBytesMax, filtersMax, memcmpBytesMax } from "./limits.ts";
import { Config, readBase58, readBase64 } from "./params.ts";
import { code, invalidParams, RpcError } from "./rpc_error.ts";
import { isTokenProgram, parsedTokenData, parseMint, programName } from "./token.ts";
import { isObject } from "./json.ts";

const encodings = ["binary", "base58", "base64", "base64+zstd", "jsonParsed"] as const;
export type Encoding = (typeof encodings)[number];

const neverRent = (1n << 64n) - 1n;
const base58 = getBase58Decoder();

export interface AccountFormat {
    readonly encoding: Encoding;
    readonly slice: { readonly offset: number; readonly length: number } | undefined;
}

export const readAccountFormat = (config: Config, fallback: Encoding = "binary"): AccountFormat => {
    const slice = config.object("dataSlice");
    return {
        encoding: config.oneOf("encoding", encodings) ?? fallback,
        slice: slice && { offset: slice.integer("offset", Number.MAX_SAFE_INTEGER) ?? 0, length: slice.integer("length", Number.MAX_SAFE_INTEGER) ?? 0 },
    };
};

export interface UiAccount {
    readonly lamports: Integer;
    readonly owner: Address;
    readonly executable: boolean;
    readonly rentEpoch: Integer;
    readonly space: number;
    readonly data: unknown;
}

export type AccountReader = (address: Address) => Account | undefined;

const inBase58 = (data: Uint8Array): string => {
    if (data.length <= base58DataBytesMax) return base58.decode(data);
    throw new RpcError(
        code.invalidRequest,
        `Encoded binary (base 58) data should be less than ${base58DataBytesMax} bytes, please use Base64 encoding.`,
    );
};

const parsed = (account: Account, read: AccountReader): unknown => {
    if (!isTokenProgram(account.owner)) return undefined;
    const data = parsedTokenData(account.data, (mint) => parseMint(read(mint)?.data ?? new Uint8Array())?.decimals);
    return data && { program: programName(account.owner), parsed: data, space: account.data.length };
};

const encodeData = (account: Account, format: AccountFormat, read: AccountReader): unknown => {
    const { encoding, slice } = format;
    const data = slice === undefined ? account.data : account.data.subarray(slice.offset, slice.offset + slice.length);
    if (encoding === "binary") return inBase58(data);
    if (encoding === "base58") return [inBase58(data), encoding];
    if (encoding === "base64+zstd") return [zstdCompressSync(data).toString("base64"), encoding];
    // What cannot be parsed comes as base64.
    const known = encoding === "jsonParsed" ? parsed(account, read) : undefined;
    return known ?? [Buffer.from(data).toString("base64"), "base64"];
};

export const encodeAccount = (account: Account, format: AccountFormat, read: AccountReader): UiAccount => ({
    lamports: account.lamports,
    owner: account.owner,
    executable: account.executable,
    rentEpoch: neverRent,
    space: account.data.length,
    data: encodeData(account, format, read),
});

// ---------------------------------------------------------------- filters of getProgramAccounts and programSubscribe

export type Filter = (data: Uint8Array) => boolean;

const base58CharactersMax = Math.ceil(memcmpBytesMax * 1.366);
const base64CharactersMax = Math.ceil(memcmpBytesMax / 3) * 4;

const readMemcmp = (memcmp: Config): Filter => {
    const offset = memcmp.integer("offset", accountDataBytesMax) ?? 0;
    const text = memcmp.text("bytes");
    if (text === undefined) throw invalidParams("Invalid params: memcmp has no bytes");
    const isBase64 = memcmp.oneOf("encoding", ["base58", "base64"]) === "base64";
    const bytes = isBase64 ? readBase64(text, base64CharactersMax, "memcmp") : readBase58(text, base58CharactersMax, "memcmp");
    if (bytes.length > memcmpBytesMax) throw invalidParams(`Invalid params: memcmp has more than ${memcmpBytesMax} bytes`);
    return (data) => Buffer.compare(data.subarray(offset, offset + bytes.length), bytes) === 0;
};

export const readFilters = (config: Config): Filter[] => {
    const filters = config.list("filters");
    if (filters.length > filtersMax) throw invalidParams(`Too many filters provided; max ${filtersMax}`);
    return filters.map((value): Filter => {
        if (!isObject(value)) throw invalidParams("Invalid params: a filter is not an object");
        const filter = new Config(value);
        const size = filter.integer("dataSize", accountDataBytesMax);
        if (size !== undefined) return (data) => data.length === size;
        const memcmp = filter.object("memcmp");
        if (memcmp !== undefined) return readMemcmp(memcmp);
        throw invalidParams("Invalid params: unknown filter, expected dataSize or memcmp");
    });
};
