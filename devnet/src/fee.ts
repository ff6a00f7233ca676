// What a transaction costs: signatures, those that precompiles check, and the priority fee.
import { computeUnitsMax, computeUnitsPerBuiltin, computeUnitsPerInstruction, lamportsPerSignature } from "./limits.ts";
import type { Message } from "./transaction.ts";

const computeBudgetProgram = "ComputeBudget111111111111111111111111111111";
const setComputeUnitLimit = 2;
const setComputeUnitPrice = 3;
const microLamports = 1_000_000n;

// Their first byte counts the signatures that they check.
const precompiles: ReadonlySet<string> = new Set([
    "KeccakSecp256k11111111111111111111111111111",
    "Ed25519SigVerify111111111111111111111111111",
    "Secp256r1SigVerify1111111111111111111111111",
]);

// Programs inside the validator count as 3,000 compute units where no limit is set (SIMD-0170).
const builtins: ReadonlySet<string> = new Set([
    "11111111111111111111111111111111",
    "Vote111111111111111111111111111111111111111",
    computeBudgetProgram,
    "BPFLoader1111111111111111111111111111111111",
    "BPFLoader2111111111111111111111111111111111",
    "BPFLoaderUpgradeab1e11111111111111111111111",
    "LoaderV411111111111111111111111111111111111",
    "KeccakSecp256k11111111111111111111111111111",
    "Ed25519SigVerify111111111111111111111111111",
]);

const priorityFee = (message: Message): bigint => {
    let limit: number | undefined;
    let price = 0n;
    let units = 0;
    for (const { programIndex, data } of message.instructions) {
        const program = message.staticAccounts[programIndex] ?? "";
        units += builtins.has(program) ? computeUnitsPerBuiltin : computeUnitsPerInstruction;
        if (program !== computeBudgetProgram) continue;
        const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
        if (data[0] === setComputeUnitLimit && data.length === 5) limit = view.getUint32(1, true);
        if (data[0] === setComputeUnitPrice && data.length === 9) price = view.getBigUint64(1, true);
    }
    const total = BigInt(Math.min(limit ?? units, computeUnitsMax)) * price;
    return (total + microLamports - 1n) / microLamports;
};

export const feeOf = (message: Message): bigint => {
    let signatures = message.header.numRequiredSignatures;
    for (const { programIndex, data } of message.instructions) {
        if (precompiles.has(message.staticAccounts[programIndex] ?? "")) signatures += data[0] ?? 0;
    }
    const priority = message.version === 1 ? message.priorityFeeLamports : priorityFee(message);
    return BigInt(signatures) * lamportsPerSignature + priority;
};
