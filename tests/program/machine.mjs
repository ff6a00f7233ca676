// A machine of litesvm with one payer, and programs brought there as a cluster takes them: through the upgradeable loader's
// own instructions, which check them, and not by addProgram.
import { FeatureSet, LiteSVM } from "litesvm";
import * as kit from "@solana/kit";

export const SYSTEM = kit.address("11111111111111111111111111111111");
export const LOADER = kit.address("BPFLoaderUpgradeab1e11111111111111111111111");
export const RENT = kit.address("SysvarRent111111111111111111111111111111111");
export const CLOCK = kit.address("SysvarC1ock11111111111111111111111111111111");

const CHUNK_BYTES = 900; // With everything else, a transaction has at most 1,232.
const BUFFER_HEADER_BYTES = 37;
const PROGRAM_BYTES = 36;
// Numbers of the loader's instructions.
const INITIALIZE_BUFFER = 0;
const WRITE = 1;
const SET_AUTHORITY = 4;
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

// Stands for a program that is called and writable; nobody has its key.
const PLACEHOLDER = kit.address("P1aceho1der11111111111111111111111111111111");

// The compiled message with the program at the placeholder's, writable, place instead of its own.
function writeProgram(compiled, program) {
    const [place, own] = [compiled.staticAccounts.indexOf(PLACEHOLDER), compiled.staticAccounts.indexOf(program)];
    const moved = (index) => (index === own ? place : index > own ? index - 1 : index);
    const { numReadonlyNonSignerAccounts } = compiled.header;
    return {
        ...compiled,
        header: { ...compiled.header, numReadonlyNonSignerAccounts: numReadonlyNonSignerAccounts - 1 },
        staticAccounts: compiled.staticAccounts.with(place, program).toSpliced(own, 1),
        instructions: compiled.instructions.map((one) => ({
            ...one,
            programAddressIndex: moved(one.programAddressIndex),
            accountIndices: (one.accountIndices ?? []).map(moved),
        })),
    };
}

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

    // A signed transaction. kit makes none in which a program that is called is writable, though clusters take it where the loader is
    // among the accounts: there the message is made with another key in its place.
    async transaction(...instructions) {
        const called = new Set(instructions.map(({ programAddress }) => programAddress));
        const clash = ({ address, role }) => called.has(address) && kit.isWritableRole(role);
        const written = instructions.flatMap(({ accounts }) => accounts.filter(clash));
        if (written.length === 0) return kit.signTransactionMessageWithSigners(this.message(instructions));
        const without = instructions.map((one) => ({ ...one, accounts: one.accounts.map((meta) => (clash(meta) ? { ...meta, address: PLACEHOLDER } : meta)) }));
        const compiled = writeProgram(kit.compileTransactionMessage(this.message(without)), written[0].address);
        const messageBytes = kit.getCompiledTransactionMessageEncoder().encode(compiled);
        const signers = [this.payer, ...instructions.flatMap(({ accounts }) => accounts.flatMap(({ signer }) => signer ?? []))];
        const signatures = {};
        for (const { address, keyPair } of signers) signatures[address] = await kit.signBytes(keyPair.privateKey, messageBytes);
        return { messageBytes, signatures };
    }

    message(instructions) {
        return kit.pipe(
            kit.createTransactionMessage({ version: 0 }),
            (m) => kit.setTransactionMessageFeePayerSigner(this.payer, m),
            (m) => this.svm.setTransactionMessageLifetimeUsingLatestBlockhash(m),
            (m) => kit.appendTransactionMessageInstructions(instructions, m),
        );
    }

    // One transaction. `failed` is the reason or null; `returned` is what the last program gave back.
    async send(...instructions) {
        return this.run(await this.transaction(...instructions));
    }

    run(transaction) {
        const result = this.svm.sendTransaction(transaction);
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

    async must(...instructions) {
        const result = await this.send(...instructions);
        if (result.failed) throw new Error(`${result.failed}\n${result.logs.join("\n")}`);
    }

    // A buffer of the loader with a file in it. It is the payer's.
    async makeBuffer(file) {
        const payer = this.payer.address;
        const authority = { address: payer, role: READONLY_SIGNER, signer: this.payer };
        const buffer = await this.createAccount(BUFFER_HEADER_BYTES + file.length, LOADER);
        await this.must(buffer.instruction, {
            programAddress: LOADER,
            accounts: [account(buffer.signer.address, WRITABLE), account(payer, READONLY)],
            data: u32(INITIALIZE_BUFFER),
        });
        for (let at = 0; at < file.length; at += CHUNK_BYTES) {
            const chunk = file.subarray(at, at + CHUNK_BYTES);
            await this.must({
                programAddress: LOADER,
                accounts: [account(buffer.signer.address, WRITABLE), authority],
                data: Buffer.concat([u32(WRITE), u32(at), u64(chunk.length), chunk]),
            });
        }
        return buffer.signer.address;
    }

    // Gives a buffer, or the data of a program, from one authority to another.
    async setAuthority(address, from, to) {
        await this.must({
            programAddress: LOADER,
            accounts: [account(address, WRITABLE), { address: from.address, role: READONLY_SIGNER, signer: from }, account(to, READONLY)],
            data: u32(SET_AUTHORITY),
        });
    }

    // { address, deployed }: the program's address, and the result of the transaction that made it one.
    async deploy(file) {
        const payer = this.payer.address;
        const authority = { address: payer, role: READONLY_SIGNER, signer: this.payer };
        const buffer = await this.makeBuffer(file);
        const program = await this.createAccount(PROGRAM_BYTES, LOADER);
        const address = program.signer.address;
        const [data] = await kit.getProgramDerivedAddress({ programAddress: LOADER, seeds: [keyBytes(address)] });
        const deployed = await this.send(program.instruction, {
            programAddress: LOADER,
            accounts: [
                { address: payer, role: WRITABLE_SIGNER, signer: this.payer },
                account(data, WRITABLE),
                account(address, WRITABLE),
                account(buffer, WRITABLE),
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
