// A machine of litesvm with one payer, and programs brought there as a cluster takes them: through the upgradeable loader's
// own instructions, which check them, and not by addProgram.
import { FeatureSet, LiteSVM } from "litesvm";
import * as kit from "@solana/kit";

export const SYSTEM = kit.address("11111111111111111111111111111111");
const LOADER = kit.address("BPFLoaderUpgradeab1e11111111111111111111111");
const RENT = kit.address("SysvarRent111111111111111111111111111111111");
export const CLOCK = kit.address("SysvarC1ock11111111111111111111111111111111");

const CHUNK_BYTES = 900; // With everything else, a transaction has at most 1,232.
const BUFFER_HEADER_BYTES = 37;
const PROGRAM_BYTES = 36;
// Numbers of the loader's instructions.
const INITIALIZE_BUFFER = 0;
const WRITE = 1;
const DEPLOY_WITH_MAX_DATA_LENGTH = 2;

const { WRITABLE, READONLY, READONLY_SIGNER, WRITABLE_SIGNER } = kit.AccountRole;
export const account = (address, role) => ({ address, role });
export const roles = { WRITABLE, READONLY, READONLY_SIGNER, WRITABLE_SIGNER };

export function u32(value) {
    const out = Buffer.alloc(4);
    out.writeUInt32LE(value);
    return out;
}
export function u64(value) {
    const out = Buffer.alloc(8);
    out.writeBigUInt64LE(BigInt(value));
    return out;
}
export const keyBytes = (address) => Buffer.from(kit.getAddressEncoder().encode(address));

export class Machine {
    // `features`: "default" of litesvm, or "all" that it knows.
    static async start(features) {
        const machine = new Machine();
        machine.svm =
            features === "default"
                ? new LiteSVM()
                : new LiteSVM().withFeatureSet(FeatureSet.allEnabled()).withBuiltins().withPrecompiles().withSysvars().withDefaultPrograms();
        machine.payer = await kit.generateKeyPairSigner();
        machine.svm.airdrop(machine.payer.address, kit.lamports(100_000_000_000n));
        return machine;
    }

    // One transaction. `failed` is the reason or null; `returned` is what the last program gave back.
    async send(...instructions) {
        const message = kit.pipe(
            kit.createTransactionMessage({ version: 0 }),
            (m) => kit.setTransactionMessageFeePayerSigner(this.payer, m),
            (m) => this.svm.setTransactionMessageLifetimeUsingLatestBlockhash(m),
            (m) => kit.appendTransactionMessageInstructions(instructions, m),
        );
        const result = this.svm.sendTransaction(await kit.signTransactionMessageWithSigners(message));
        this.svm.expireBlockhash();
        const failed = typeof result.err === "function";
        const meta = failed ? result.meta() : result;
        return {
            failed: failed ? /err: (.*?), meta/.exec(result.toString())[1] : null,
            logs: meta.logs(),
            units: Number(meta.computeUnitsConsumed()),
            returned: Buffer.from(meta.returnData().data()),
        };
    }

    async createAccount(space, owner) {
        const signer = await kit.generateKeyPairSigner();
        return {
            signer,
            instruction: {
                programAddress: SYSTEM,
                accounts: [
                    { address: this.payer.address, role: WRITABLE_SIGNER, signer: this.payer },
                    { address: signer.address, role: WRITABLE_SIGNER, signer },
                ],
                data: Buffer.concat([u32(0), u64(this.svm.minimumBalanceForRentExemption(BigInt(space))), u64(space), keyBytes(owner)]),
            },
        };
    }

    // { address, deployed }: the program's address, and the result of the transaction that made it one.
    async deploy(file) {
        const payer = this.payer.address;
        const authority = { address: payer, role: READONLY_SIGNER, signer: this.payer };
        const must = async (...instructions) => {
            const result = await this.send(...instructions);
            if (result.failed) throw new Error(`${result.failed}\n${result.logs.join("\n")}`);
        };
        const buffer = await this.createAccount(BUFFER_HEADER_BYTES + file.length, LOADER);
        await must(buffer.instruction, {
            programAddress: LOADER,
            accounts: [account(buffer.signer.address, WRITABLE), account(payer, READONLY)],
            data: u32(INITIALIZE_BUFFER),
        });
        for (let at = 0; at < file.length; at += CHUNK_BYTES) {
            const chunk = file.subarray(at, at + CHUNK_BYTES);
            await must({
                programAddress: LOADER,
                accounts: [account(buffer.signer.address, WRITABLE), authority],
                data: Buffer.concat([u32(WRITE), u32(at), u64(chunk.length), chunk]),
            });
        }
        const program = await this.createAccount(PROGRAM_BYTES, LOADER);
        const address = program.signer.address;
        const [data] = await kit.getProgramDerivedAddress({ programAddress: LOADER, seeds: [keyBytes(address)] });
        const deployed = await this.send(program.instruction, {
            programAddress: LOADER,
            accounts: [
                { address: payer, role: WRITABLE_SIGNER, signer: this.payer },
                account(data, WRITABLE),
                account(address, WRITABLE),
                account(buffer.signer.address, WRITABLE),
                account(RENT, READONLY),
                account(CLOCK, READONLY),
                account(SYSTEM, READONLY),
                authority,
            ],
            data: Buffer.concat([u32(DEPLOY_WITH_MAX_DATA_LENGTH), u64(2 * file.length)]),
        });
        // A program can be called from the slot after its deployment.
        this.svm.warpToSlot(this.svm.getClock().slot + 2n);
        return { address, deployed };
    }
}
