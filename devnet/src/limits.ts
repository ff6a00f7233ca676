// Every limit of the devnet, with its unit. Those of a real cluster have its values.

export const slotDurationMs = 400;
export const blockhashAgeSlotsMax = 150;
export const confirmedAfterSlots = 1;
export const finalizedAfterSlots = 32;
export const slotsPerEpoch = 432_000;
export const slotHashesMax = 512; // Entries of the SlotHashes sysvar.
export const statusCacheSlots = 300; // getSignatureStatuses looks further back only when it is asked to.
export const advanceSlotsMax = 100_000_000; // In one call; three years of slots.

export const transactionBytesMax = 1232; // Legacy and version 0: an IPv6 packet of 1,280 bytes less its headers.
export const transactionV1BytesMax = 4096;
export const lamportsPerSignature = 5000n;
export const computeUnitsMax = 1_400_000;
export const computeUnitsPerInstruction = 200_000;
export const computeUnitsPerBuiltin = 3_000;

export const requestBytesMax = 50 * 1024;
export const requestDepthMax = 32;
export const batchMax = 100;
export const connectionsMax = 512;
export const subscriptionsPerConnectionMax = 256;
export const sendQueueBytesMax = 16 * 1024 * 1024; // A websocket client that reads more slowly is cut off.
export const requestTimeoutMs = 30_000;

export const base58DataBytesMax = 128;
export const multipleAccountsMax = 100;
export const signatureStatusesMax = 256;
export const signaturesForAddressMax = 1000;
export const filtersMax = 4;
export const memcmpBytesMax = 128;
export const accountDataBytesMax = 10 * 1024 * 1024;

export const faucetLamports = 500_000_000_000_000_000n;
export const airdropLamportsMax = 1_000_000_000_000_000n; // A million SOL in one request.

export const transactionsMax = 100_000; // Kept in memory and on disk; older ones are forgotten.
export const snapshotIntervalMs = 1_000; // After a change.
export const snapshotIdleMs = 5_000; // While only slots pass: less than finalizedAfterSlots, see state.ts.
export const programBytesMax = 1024 * 1024;
export const programChunkBytes = 900;
