// Accounts of the Token program and of Token-2022, parsed by hand: the fixed part and the extensions behind it.
import { getBase58Decoder, type Address } from "@solana/kit";
import type { Integer } from "./json.ts";

export const tokenProgram = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA" as Address;
export const token2022Program = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb" as Address;

export const isTokenProgram = (program: Address): boolean => program === tokenProgram || program === token2022Program;
export const programName = (program: Address): string => (program === tokenProgram ? "spl-token" : "spl-token-2022");

export const mintBytes = 82;
export const tokenAccountBytes = 165;
const multisigBytes = 355;
const mintType = 1;
const accountType = 2;

const base58 = getBase58Decoder();

// Reads fields one after the other; the end is undefined, never an exception.
class Fields {
    readonly #bytes: Buffer;
    #at = 0;
    broken = false;

    constructor(bytes: Uint8Array) {
        this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }

    take(size: number): Buffer {
        const part = this.#bytes.subarray(this.#at, this.#at + size);
        this.#at += size;
        if (part.length === size) return part;
        this.broken = true;
        return Buffer.alloc(Math.min(size, tokenAccountBytes));
    }

    get left(): number {
        return Math.max(0, this.#bytes.length - this.#at);
    }

    u8 = (): number => this.take(1)[0] ?? 0;
    u16 = (): number => this.take(2).readUInt16LE();
    i16 = (): number => this.take(2).readInt16LE();
    u32 = (): number => this.take(4).readUInt32LE();
    u64 = (): bigint => this.take(8).readBigUInt64LE();
    i64 = (): bigint => this.take(8).readBigInt64LE();
    f64 = (): number => this.take(8).readDoubleLE();
    address = (): Address => base58.decode(this.take(32)) as Address;

    // Extensions write nobody as zeros.
    addressOrNull = (): Address | null => {
        const bytes = this.take(32);
        return bytes.every((byte) => byte === 0) ? null : (base58.decode(bytes) as Address);
    };

    // COption: the value is there even when the option is empty.
    option = <T>(read: () => T): T | null => {
        const isSome = this.u32() === 1;
        const value = read();
        return isSome ? value : null;
    };

    string = (): string => {
        const size = this.u32();
        if (size > this.left) this.broken = true;
        return this.take(Math.min(size, this.left)).toString("utf8");
    };
}

export interface Mint {
    readonly mintAuthority: Address | null;
    readonly supply: bigint;
    readonly decimals: number;
    readonly freezeAuthority: Address | null;
    readonly extensions: Uint8Array;
}

export interface TokenAccount {
    readonly mint: Address;
    readonly owner: Address;
    readonly amount: bigint;
    readonly delegate: Address | null;
    readonly state: "initialized" | "frozen";
    readonly rentExemptReserve: bigint | null; // Not null: it holds native SOL.
    readonly delegatedAmount: bigint;
    readonly closeAuthority: Address | null;
    readonly extensions: Uint8Array;
}

const isKind = (data: Uint8Array, bareBytes: number, kind: number): boolean =>
    data.length === bareBytes || (data.length > tokenAccountBytes && data.length !== multisigBytes && data[tokenAccountBytes] === kind);

export const parseMint = (data: Uint8Array): Mint | undefined => {
    if (!isKind(data, mintBytes, mintType)) return undefined;
    const fields = new Fields(data);
    const mintAuthority = fields.option(fields.address);
    const supply = fields.u64();
    const decimals = fields.u8();
    if (fields.u8() !== 1) return undefined; // Not initialized.
    return { mintAuthority, supply, decimals, freezeAuthority: fields.option(fields.address), extensions: data.subarray(tokenAccountBytes + 1) };
};

export const parseTokenAccount = (data: Uint8Array): TokenAccount | undefined => {
    if (!isKind(data, tokenAccountBytes, accountType)) return undefined;
    const fields = new Fields(data);
    const [mint, owner, amount] = [fields.address(), fields.address(), fields.u64()];
    const delegate = fields.option(fields.address);
    const state = (["uninitialized", "initialized", "frozen"] as const)[fields.u8()];
    if (state === undefined || state === "uninitialized") return undefined;
    const rentExemptReserve = fields.option(fields.u64);
    const delegatedAmount = fields.u64();
    const closeAuthority = fields.option(fields.address);
    return { mint, owner, amount, delegate, state, rentExemptReserve, delegatedAmount, closeAuthority, extensions: data.subarray(tokenAccountBytes + 1) };
};

export interface UiTokenAmount {
    readonly amount: string;
    readonly decimals: number;
    readonly uiAmount: number | null;
    readonly uiAmountString: string;
}

export const uiTokenAmount = (amount: bigint, decimals: number): UiTokenAmount => {
    const digits = amount.toString().padStart(decimals + 1, "0");
    const split = digits.length - decimals;
    const fraction = digits.slice(split).replace(/0+$/, "");
    const uiAmountString = digits.slice(0, split) + (fraction === "" ? "" : `.${fraction}`);
    return { amount: amount.toString(), decimals, uiAmount: Number(uiAmountString), uiAmountString };
};

interface Extension {
    readonly extension: string;
    readonly state?: Record<string, unknown>;
}

type State = (fields: Fields) => Record<string, unknown>;

const transferFee = (fields: Fields): Record<string, Integer> => ({
    epoch: fields.u64(),
    maximumFee: fields.u64(),
    transferFeeBasisPoints: fields.u16(),
});

const tokenMetadata: State = (fields) => {
    const state = { updateAuthority: fields.addressOrNull(), mint: fields.address(), name: fields.string(), symbol: fields.string(), uri: fields.string() };
    const additionalMetadata: [string, string][] = [];
    for (let count = fields.u32(); count > 0 && !fields.broken; count--) additionalMetadata.push([fields.string(), fields.string()]);
    return { ...state, additionalMetadata };
};

// By the number of the extension type. Those of confidential transfers and groups are not parsed.
const extensionStates = new Map<number, readonly [name: string, state?: State]>([
    [1, ["transferFeeConfig", (f) => ({
        transferFeeConfigAuthority: f.addressOrNull(), withdrawWithheldAuthority: f.addressOrNull(), withheldAmount: f.u64(),
        olderTransferFee: transferFee(f), newerTransferFee: transferFee(f),
    })]],
    [2, ["transferFeeAmount", (f) => ({ withheldAmount: f.u64() })]],
    [3, ["mintCloseAuthority", (f) => ({ closeAuthority: f.addressOrNull() })]],
    [6, ["defaultAccountState", (f) => ({ accountState: ["uninitialized", "initialized", "frozen"][f.u8()] })]],
    [7, ["immutableOwner"]],
    [8, ["memoTransfer", (f) => ({ requireIncomingTransferMemos: f.u8() === 1 })]],
    [9, ["nonTransferable"]],
    [10, ["interestBearingConfig", (f) => ({
        rateAuthority: f.addressOrNull(), initializationTimestamp: f.i64(), preUpdateAverageRate: f.i16(), lastUpdateTimestamp: f.i64(), currentRate: f.i16(),
    })]],
    [11, ["cpiGuard", (f) => ({ lockCpi: f.u8() === 1 })]],
    [12, ["permanentDelegate", (f) => ({ delegate: f.addressOrNull() })]],
    [13, ["nonTransferableAccount"]],
    [14, ["transferHook", (f) => ({ authority: f.addressOrNull(), programId: f.addressOrNull() })]],
    [15, ["transferHookAccount", (f) => ({ transferring: f.u8() === 1 })]],
    [18, ["metadataPointer", (f) => ({ authority: f.addressOrNull(), metadataAddress: f.addressOrNull() })]],
    [19, ["tokenMetadata", tokenMetadata]],
    [25, ["scaledUiAmountConfig", (f) => ({
        authority: f.addressOrNull(), multiplier: String(f.f64()), newMultiplierEffectiveTimestamp: f.i64(), newMultiplier: String(f.f64()),
    })]],
    [26, ["pausableConfig", (f) => ({ authority: f.addressOrNull(), paused: f.u8() === 1 })]],
    [27, ["pausableAccount"]],
]);

// Type, length, value, one after the other, up to a type of zero.
export const parseExtensions = (bytes: Uint8Array): Extension[] => {
    const found: Extension[] = [];
    const fields = new Fields(bytes);
    while (fields.left >= 4) {
        const type = fields.u16();
        const value = new Fields(fields.take(fields.u16()));
        if (type === 0 || fields.broken) break;
        const [name, parse] = extensionStates.get(type) ?? ["unparseableExtension"];
        const state = parse?.(value);
        const extension = value.broken ? "unparseableExtension" : name;
        found.push(state === undefined || value.broken ? { extension } : { extension, state });
    }
    return found;
};

const listed = (bytes: Uint8Array): { extensions?: Extension[] } => {
    const extensions = parseExtensions(bytes);
    return extensions.length === 0 ? {} : { extensions };
};

// The `parsed` part of jsonParsed. A token account whose mint is unknown has no decimals and is not parsed.
export const parsedTokenData = (data: Uint8Array, decimalsOf: (mint: Address) => number | undefined): object | undefined => {
    const mint = parseMint(data);
    if (mint !== undefined) {
        const { mintAuthority, supply, decimals, freezeAuthority } = mint;
        const info = { mintAuthority, supply: supply.toString(), decimals, isInitialized: true, freezeAuthority, ...listed(mint.extensions) };
        return { type: "mint", info };
    }
    const account = parseTokenAccount(data);
    const decimals = account && decimalsOf(account.mint);
    if (account === undefined || decimals === undefined) return undefined;
    const { delegate, rentExemptReserve, closeAuthority } = account;
    const info = {
        mint: account.mint,
        owner: account.owner,
        tokenAmount: uiTokenAmount(account.amount, decimals),
        state: account.state,
        isNative: rentExemptReserve !== null,
        ...(delegate === null ? {} : { delegate, delegatedAmount: uiTokenAmount(account.delegatedAmount, decimals) }),
        ...(rentExemptReserve === null ? {} : { rentExemptReserve: uiTokenAmount(rentExemptReserve, decimals) }),
        ...(closeAuthority === null ? {} : { closeAuthority }),
        ...listed(account.extensions),
    };
    return { type: "account", info };
};
