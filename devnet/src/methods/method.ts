// What every method of the RPC is given, and the form of most answers.
import type { Chain } from "../chain.ts";
import type { Clockwork } from "../clockwork.ts";
import { minContextSlotNotReached, type Commitment, type Config, type Params } from "../params.ts";

export const apiVersion = "3.0.0"; // The RPC whose answers these are.
export const developmentNotice = "development chain, not a cluster";

export interface Devnet {
    readonly chain: Chain;
    readonly clockwork: Clockwork;
}

export type Method = (devnet: Devnet, params: Params) => unknown;
export type Methods = Readonly<Record<string, Method>>;

// The slot that a request sees: that of its commitment, if it is not before its minContextSlot.
export const slotOf = (chain: Chain, config: Config, fallback?: Commitment): number => {
    const commitment = fallback !== undefined && config.get("commitment") === undefined ? fallback : config.commitment();
    const slot = chain.slotAt(commitment);
    if ((config.integer("minContextSlot", Number.MAX_SAFE_INTEGER) ?? 0) > slot) throw minContextSlotNotReached(slot);
    return slot;
};

export const withContext = (slot: number, value: unknown): object => ({ context: { apiVersion, slot }, value });
