// Deploys a program as anybody does on a cluster: by the upgradeable loader's own instructions.
//
// The addresses of the program and of its buffer have no keys here, so the virtual machine runs these transactions
// without looking at signatures. All else is checked as ever, above all the program.
import { readFileSync } from "node:fs";
import {
    appendTransactionMessageInstructions, compileTransaction, createTransactionMessage, generateKeyPairSigner, getAddressEncoder, getProgramDerivedAddress,
    pipe, setTransactionMessageFeePayer, setTransactionMessageLifetimeUsingBlockhash, type Address, type Blockhash, type Instruction,
} from "@solana/kit";
import { FailedTransactionMetadata } from "litesvm";
import type { Chain } from "./chain.ts";
import { testKeys } from "./keys.ts";
import { faucetLamports, programBytesMax, programChunkBytes } from "./limits.ts";
import { systemProgram } from "./transaction.ts";
import { errorOf, errorText } from "./transaction_error.ts";

const loader = "BPFLoaderUpgradeab1e11111111111111111111111" as Address;
const rentSysvar = "SysvarRent111111111111111111111111111111111" as Address;
const clockSysvar = "SysvarC1ock11111111111111111111111111111111" as Address;

// Of the loader's accounts: a buffer and the program's data begin with these bytes, the program itself has 36.
const bufferHeaderBytes = 37;
const programDataHeaderBytes = 45;
const programAccountBytes = 36;
const roomFactor = 2; // For upgrades to a larger program.
const slotsUntilCallable = 2;

const tag = { initializeBuffer: 0, write: 1, deployWithMaxDataLen: 2, upgrade: 3 } as const;
const readonly = 0;
const writable = 1;
const readonlySigner = 2;
const writableSigner = 3;

export class DeployError extends Error {}

const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
};

const u64 = (value: bigint | number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
};

const authority = testKeys.upgradeAuthority.address;

class Deployment {
    readonly #chain: Chain;
    readonly #program: Address;

    constructor(chain: Chain, program: Address) {
        this.#chain = chain;
        this.#program = program;
    }

    run(what: string, ...instructions: Instruction[]): void {
        const { vm } = this.#chain;
        const message = pipe(
            createTransactionMessage({ version: 0 }),
            (m) => setTransactionMessageFeePayer(authority, m),
            (m) => setTransactionMessageLifetimeUsingBlockhash({ blockhash: vm.latestBlockhash() as Blockhash, lastValidBlockHeight: 0n }, m),
            (m) => appendTransactionMessageInstructions(instructions, m),
        );
        vm.withSigverify(false);
        try {
            const result = vm.sendTransaction(compileTransaction(message));
            if (!(result instanceof FailedTransactionMetadata)) return;
            const logs = result.meta().logs().map((line) => `\n    ${line}`).join("");
            throw new DeployError(`${this.#program}: ${what} failed: ${errorText(errorOf(result))}${logs}`);
        } finally {
            vm.withSigverify(true);
        }
    }

    createAccount(newAccount: Address, space: number): Instruction {
        const lamports = this.#chain.vm.minimumBalanceForRentExemption(BigInt(space));
        const data = Buffer.concat([u32(0), u64(lamports), u64(space), Buffer.from(getAddressEncoder().encode(loader))]);
        return { programAddress: systemProgram, accounts: [{ address: authority, role: writableSigner }, { address: newAccount, role: writableSigner }], data };
    }

    // A buffer with the program in it.
    async upload(elf: Uint8Array): Promise<Address> {
        const { address: buffer } = await generateKeyPairSigner();
        const initialize: Instruction = {
            programAddress: loader,
            accounts: [{ address: buffer, role: writable }, { address: authority, role: readonly }],
            data: u32(tag.initializeBuffer),
        };
        this.run("making a buffer", this.createAccount(buffer, bufferHeaderBytes + elf.length), initialize);
        for (let offset = 0; offset < elf.length; offset += programChunkBytes) {
            const chunk = elf.subarray(offset, offset + programChunkBytes);
            this.run("writing into the buffer", {
                programAddress: loader,
                accounts: [{ address: buffer, role: writable }, { address: authority, role: readonlySigner }],
                data: Buffer.concat([u32(tag.write), u32(offset), u64(chunk.length), chunk]),
            });
        }
        return buffer;
    }

    deploy(buffer: Address, programData: Address, elfBytes: number): void {
        const accounts = [
            { address: authority, role: writableSigner }, { address: programData, role: writable }, { address: this.#program, role: writable },
            { address: buffer, role: writable }, { address: rentSysvar, role: readonly }, { address: clockSysvar, role: readonly },
            { address: systemProgram, role: readonly }, { address: authority, role: readonlySigner },
        ];
        const data = Buffer.concat([u32(tag.deployWithMaxDataLen), u64(elfBytes * roomFactor)]);
        this.run("deploying it", this.createAccount(this.#program, programAccountBytes), { programAddress: loader, accounts, data });
    }

    upgrade(buffer: Address, programData: Address): void {
        const accounts = [
            { address: programData, role: writable }, { address: this.#program, role: writable }, { address: buffer, role: writable },
            { address: authority, role: writable }, { address: rentSysvar, role: readonly }, { address: clockSysvar, role: readonly },
            { address: authority, role: readonlySigner },
        ];
        this.run("upgrading it", { programAddress: loader, accounts, data: u32(tag.upgrade) });
    }
}

const readElf = (path: string): Uint8Array => {
    let elf: Buffer;
    try {
        elf = readFileSync(path);
    } catch (error) {
        throw new DeployError(`cannot read the program ${path}: ${(error as Error).message}`);
    }
    if (elf.length === 0 || elf.length > programBytesMax) throw new DeployError(`the program ${path} has ${elf.length} bytes, not 1 to ${programBytesMax}`);
    return new Uint8Array(elf);
};

// What was done. A program that is there already is upgraded if it differs.
export const deployProgram = async (chain: Chain, program: Address, path: string): Promise<"deployed" | "upgraded" | "unchanged"> => {
    const elf = readElf(path);
    const [programData] = await getProgramDerivedAddress({ programAddress: loader, seeds: [getAddressEncoder().encode(program)] });
    const there = chain.account(programData);
    const room = (there?.data.length ?? 0) - programDataHeaderBytes;
    const stored = there?.data.subarray(programDataHeaderBytes);
    const isSame = stored !== undefined && Buffer.compare(stored.subarray(0, elf.length), elf) === 0 && stored.subarray(elf.length).every((byte) => byte === 0);
    if (isSame) return "unchanged";
    if (there !== undefined && elf.length > room) {
        throw new DeployError(`${program} has room for ${room} bytes and ${path} has ${elf.length}; --fresh starts a chain with room for it`);
    }
    if (chain.account(authority) === undefined) {
        const lamports = faucetLamports / 1000n;
        const account = { address: authority, lamports: lamports as never, programAddress: systemProgram, executable: false, space: 0n, data: new Uint8Array() };
        chain.vm.setAccount(account);
    }
    const deployment = new Deployment(chain, program);
    const buffer = await deployment.upload(elf);
    if (there === undefined) deployment.deploy(buffer, programData, elf.length);
    else deployment.upgrade(buffer, programData);
    chain.advance(slotsUntilCallable);
    return there === undefined ? "deployed" : "upgraded";
};
