// Methods about the chain itself: versions, slots, blockhashes, fees.
import { testKeys } from "../keys.ts";
import { accountDataBytesMax, blockhashAgeSlotsMax, slotsPerEpoch } from "../limits.ts";
import { readAddress } from "../params.ts";
import { code, RpcError } from "../rpc_error.ts";
import { apiVersion, developmentNotice, slotOf, withContext, type Methods } from "./method.ts";

const slotMax = Number.MAX_SAFE_INTEGER;
const accountLocksMax = 128;

export const clusterMethods: Methods = {
    getHealth: () => "ok",

    getVersion: () => ({ "solana-core": `${apiVersion}-chatmcp-devnet`, "feature-set": 0, "chatmcp-devnet": developmentNotice }),

    getIdentity: () => ({ identity: testKeys.identity.address }),

    getGenesisHash: ({ chain }) => chain.genesisHash,

    getSlot: ({ chain }, params) => slotOf(chain, params.config(0)),

    getBlockHeight: ({ chain }, params) => chain.blockHeight(slotOf(chain, params.config(0))),

    getEpochInfo: ({ chain }, params) => {
        const slot = slotOf(chain, params.config(0));
        return {
            absoluteSlot: slot,
            blockHeight: chain.blockHeight(slot),
            epoch: Math.floor(slot / slotsPerEpoch),
            slotIndex: slot % slotsPerEpoch,
            slotsInEpoch: slotsPerEpoch,
            transactionCount: chain.ledger.total,
        };
    },

    getEpochSchedule: () => ({ slotsPerEpoch, leaderScheduleSlotOffset: slotsPerEpoch, warmup: false, firstNormalEpoch: 0, firstNormalSlot: 0 }),

    getLatestBlockhash: ({ chain }, params) => {
        const slot = slotOf(chain, params.config(0));
        return withContext(slot, chain.latestBlockhash(slot));
    },

    isBlockhashValid: ({ chain }, params) => {
        const slot = slotOf(chain, params.config(1));
        return withContext(slot, chain.isBlockhashValid(readAddress(params.at(0), "blockhash"), slot));
    },

    getMinimumBalanceForRentExemption: ({ chain }, params) => chain.vm.minimumBalanceForRentExemption(BigInt(params.integer(0, accountDataBytesMax))),

    // Blocks are never full: nobody has to outbid anybody.
    getRecentPrioritizationFees: ({ chain }, params) => {
        const addresses = params.length === 0 || params.at(0) === null ? [] : params.list(0, accountLocksMax);
        addresses.forEach((address) => readAddress(address, "account"));
        const first = Math.max(chain.firstSlot, chain.slot - blockhashAgeSlotsMax + 1);
        return Array.from({ length: chain.slot - first + 1 }, (_, index) => ({ slot: first + index, prioritizationFee: 0 }));
    },

    getBlockTime: ({ chain }, params) => {
        const slot = params.integer(0, slotMax);
        if (slot > chain.slot) throw new RpcError(code.blockNotAvailable, `Block not available for slot ${slot}`);
        if (slot < chain.firstSlot) throw new RpcError(code.longTermStorageSlotSkipped, `Slot ${slot} was skipped, or missing in long-term storage`);
        return chain.blockTime(slot);
    },
};
