// Writes cases of Solana's formats by the libraries that wallets use, one JSON object a line:
//
//   node generate.mjs --seed TEXT --messages NUMBER --out FILE
//
// The same seed gives the same file. Everything in it was made by @solana/kit, @solana/web3.js or @solana/spl-token; C++ reads
// it (src/chain/kit_cases_test.cpp) and makes the same bytes from the same inputs.
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';

import {
    AccountRole,
    appendTransactionMessageInstructions,
    compileTransaction,
    compressTransactionMessageUsingAddressLookupTables,
    createKeyPairFromPrivateKeyBytes,
    createTransactionMessage,
    getAddressDecoder,
    getAddressEncoder,
    getAddressFromPublicKey,
    getCompiledTransactionMessageCodec,
    getProgramDerivedAddress,
    getSignatureFromTransaction,
    getTransactionCodec,
    isTransactionWithinSizeLimit,
    partiallySignTransaction,
    setTransactionMessageConfig,
    setTransactionMessageFeePayer,
    setTransactionMessageLifetimeUsingBlockhash,
} from '@solana/kit';
import * as token from '@solana/spl-token';
import * as web3 from '@solana/web3.js';

const { values: options } = parseArgs({
    options: { seed: { type: 'string' }, messages: { type: 'string' }, out: { type: 'string' } },
});
if (!options.seed || !options.messages || !options.out) throw new Error('usage: generate.mjs --seed TEXT --messages NUMBER --out FILE');
const messageCount = Number(options.messages);
const otherCount = Math.max(20, Math.ceil(messageCount / 20));

// ---------------------------------------------------------------- repeatable randomness

let counter = 0;
let pool = Buffer.alloc(0);
function bytes(count) {
    const parts = [];
    while (count > 0) {
        if (pool.length === 0) pool = createHash('sha256').update(`solana cases ${options.seed} ${counter++}`).digest();
        parts.push(pool.subarray(0, count));
        count -= parts.at(-1).length;
        pool = pool.subarray(parts.at(-1).length);
    }
    return Buffer.concat(parts);
}
const below = bound => bytes(6).readUIntBE(0, 6) % bound;
const between = (low, high) => low + below(high - low + 1);
const chance = percent => below(100) < percent;
const pick = list => list[below(list.length)];
// Small values and those at the ends as often as the rest.
const u64 = () => pick([0n, 1n, 255n, 256n, 0xffffffffffffffffn, bytes(8).readBigUInt64LE(), bytes(8).readBigUInt64LE()]);
const u32 = () => Number(u64() & 0xffffffffn);
const hex = value => Buffer.from(value).toString('hex');
const addressOf = value => getAddressDecoder().decode(value);
const hexOfAddress = address => hex(getAddressEncoder().encode(address));
const hexOfKey = key => hex(key.toBytes());
const randomKey = () => new web3.PublicKey(bytes(32));

const file = openSync(options.out, 'w');
const write = value => writeSync(file, `${JSON.stringify(value)}\n`);

// ---------------------------------------------------------------- messages and transactions

const wallets = [];
for (let i = 0; i < 16; ++i) {
    const seed = bytes(32);
    const keys = await createKeyPairFromPrivateKeyBytes(seed, true);
    wallets.push({ seed: hex(seed), keys, address: await getAddressFromPublicKey(keys.publicKey) });
}

const roles = [AccountRole.READONLY, AccountRole.WRITABLE, AccountRole.READONLY_SIGNER, AccountRole.WRITABLE_SIGNER];

function randomDraft() {
    const version = pick(['legacy', 0, 1]);
    // Now and then more than fits or is allowed: of accounts, signers, instructions.
    const large = chance(4) ? pick(['accounts', 'signers', 'instructions']) : null;
    const programs = Array.from({ length: between(1, 4) }, () => addressOf(bytes(32)));
    const others = Array.from({ length: large === 'accounts' ? between(50, 90) : between(1, 20) }, () => addressOf(bytes(32)));
    const signers = Array.from({ length: large === 'signers' ? 40 : between(0, 3) }, () => pick(wallets).address);
    const instruction = () => ({
        programAddress: pick(programs),
        accounts: Array.from({ length: large === 'accounts' || large === 'signers' ? between(0, 90) : between(0, 8) }, () => {
            const signer = signers.length > 0 && chance(25);
            if (chance(1)) return { address: pick(programs), role: pick([AccountRole.READONLY, AccountRole.WRITABLE]) };
            return signer
                ? { address: pick(signers), role: pick(roles) }
                : { address: pick(others), role: pick([AccountRole.READONLY, AccountRole.WRITABLE]) };
        }),
        data: new Uint8Array(bytes(chance(5) ? between(100, 600) : between(0, 40))),
    });
    const draft = {
        version,
        feePayer: chance(2) ? pick(programs) : pick(wallets).address,
        lifetime: addressOf(bytes(32)),
        instructions: Array.from({ length: large === 'instructions' ? between(50, 70) : between(0, 6) }, instruction),
        tables: [],
        config: {},
    };
    if (version === 0 && chance(70)) {
        draft.tables = Array.from({ length: between(1, 3) }, () => ({
            address: addressOf(bytes(32)),
            addresses: Array.from({ length: between(0, chance(5) ? 256 : 20) }, () =>
                chance(80) ? pick([...others, ...others, ...programs, ...signers]) : addressOf(bytes(32)),
            ),
        }));
    }
    if (version === 1 && chance(70)) {
        if (chance(50)) draft.config.priorityFeeLamports = u64();
        if (chance(50)) draft.config.computeUnitLimit = chance(5) ? u32() : below(1_400_001);
        if (chance(50)) draft.config.loadedAccountsDataSizeLimit = u32();
        if (chance(50)) draft.config.heapSize = chance(10) ? below(300_000) : 1024 * between(32, 256);
    }
    return draft;
}

function kitMessage(draft) {
    let message = createTransactionMessage({ version: draft.version });
    message = setTransactionMessageFeePayer(draft.feePayer, message);
    message = setTransactionMessageLifetimeUsingBlockhash({ blockhash: draft.lifetime, lastValidBlockHeight: 0n }, message);
    message = appendTransactionMessageInstructions(draft.instructions, message);
    if (draft.version === 1) message = setTransactionMessageConfig(draft.config, message);
    if (draft.tables.length > 0) {
        const tables = Object.fromEntries(draft.tables.map(({ address, addresses }) => [address, addresses]));
        message = compressTransactionMessageUsingAddressLookupTables(message, tables);
    }
    return message;
}

// Addresses by their position in a list, which keeps the file small.
function draftFields(draft) {
    const addresses = [];
    const index = address => {
        const at = addresses.indexOf(address);
        return at >= 0 ? at : addresses.push(address) - 1;
    };
    const config = draft.config;
    const fields = {
        version: String(draft.version),
        fee_payer: index(draft.feePayer),
        lifetime: hexOfAddress(draft.lifetime),
        instructions: draft.instructions.map(each => ({
            program: index(each.programAddress),
            accounts: each.accounts.map(({ address, role }) => [index(address), role]),
            data: hex(each.data),
        })),
        tables: draft.tables.map(each => ({ address: index(each.address), addresses: each.addresses.map(index) })),
        config: Object.fromEntries(
            [
                ['priority_fee_lamports', config.priorityFeeLamports],
                ['compute_unit_limit', config.computeUnitLimit],
                ['loaded_accounts_bytes_max', config.loadedAccountsDataSizeLimit],
                ['heap_bytes', config.heapSize],
            ]
                .filter(([, value]) => value !== undefined)
                .map(([name, value]) => [name, String(value)]),
        ),
    };
    return { addresses: addresses.map(hexOfAddress), ...fields };
}

const errorName = error => error.context?.__code ?? error.message;

async function writeMessage(draft) {
    const fields = draftFields(draft);
    let transaction;
    try {
        transaction = compileTransaction(kitMessage(draft));
    } catch (error) {
        write({ kind: 'message', ...fields, error: String(errorName(error)) });
        return null;
    }
    const needed = wallets.filter(({ address }) => address in transaction.signatures);
    const signing = needed.filter(() => !chance(5));
    const known = needed.length === Object.keys(transaction.signatures).length;
    if (signing.length > 0) transaction = await partiallySignTransaction(signing.map(({ keys }) => keys), transaction);
    const codec = getTransactionCodec();
    const wire = codec.encode(transaction);
    const paid = transaction.signatures[draft.feePayer];
    write({
        kind: 'message',
        ...fields,
        message: hex(transaction.messageBytes),
        fits: isTransactionWithinSizeLimit(transaction),
        seeds: signing.map(({ seed }) => seed),
        complete: known && signing.length === needed.length,
        wire: hex(wire),
        ...(paid ? { id: getSignatureFromTransaction(transaction) } : null),
    });
    return { message: transaction.messageBytes, wire };
}

// ---------------------------------------------------------------- changed bytes

function changed(original) {
    let out = Buffer.from(original);
    for (let step = between(1, 2); step > 0; --step) {
        const at = chance(50) ? below(Math.min(out.length, 8)) : below(out.length);
        switch (below(6)) {
            case 0:
            case 1:
                out[at] ^= 1 << below(8);
                break;
            case 2:
                out[at] = pick([0, 1, 2, 0x40, 0x7f, 0x80, 0x81, 0x82, 0xff]);
                break;
            case 3:
                out = out.subarray(0, at + 1);
                break;
            case 4:
                out = Buffer.concat([out, bytes(between(1, 3))]);
                break;
            case 5:
                out = Buffer.concat([out.subarray(0, at), bytes(1), out.subarray(at)]);
                break;
        }
        out = Buffer.from(out);
    }
    return out;
}

// "no": refused. "reads": accepted, but not the encoding of what was read. "yes": accepted and written the same again.
function kitOnMessage(input) {
    try {
        const codec = getCompiledTransactionMessageCodec();
        return hex(codec.encode(codec.decode(input))) === hex(input) ? 'yes' : 'reads';
    } catch {
        return 'no';
    }
}

function kitOnTransaction(input) {
    try {
        const codec = getTransactionCodec();
        const transaction = codec.decode(input);
        const message = kitOnMessage(transaction.messageBytes);
        return message === 'yes' && hex(codec.encode(transaction)) !== hex(input) ? 'reads' : message;
    } catch {
        return 'no';
    }
}

function writeChanged(made) {
    const message = changed(made.message);
    write({ kind: 'changed_message', input: hex(message), kit: kitOnMessage(message) });
    const wire = changed(made.wire);
    write({ kind: 'changed_transaction', input: hex(wire), kit: kitOnTransaction(wire) });
}

// ---------------------------------------------------------------- addresses

async function writeProgramAddress() {
    const seeds = Array.from({ length: between(0, 15) }, () => new Uint8Array(bytes(between(0, 32))));
    const program = addressOf(bytes(32));
    const [address, bump] = await getProgramDerivedAddress({ programAddress: program, seeds });
    const [other, otherBump] = web3.PublicKey.findProgramAddressSync(seeds, new web3.PublicKey(program));
    if (other.toBase58() !== address || otherBump !== bump) throw new Error('kit and web3.js disagree about an address');
    write({ kind: 'program_address', seeds: seeds.map(hex), program: hexOfAddress(program), address: hexOfAddress(address), text: address, bump });
}

function writeAssociated() {
    const [owner, mint] = [randomKey(), randomKey()];
    const program = pick([token.TOKEN_PROGRAM_ID, token.TOKEN_2022_PROGRAM_ID]);
    const address = token.getAssociatedTokenAddressSync(mint, owner, true, program);
    write({ kind: 'associated', owner: hexOfKey(owner), mint: hexOfKey(mint), program: hexOfKey(program), address: hexOfKey(address) });
}

// ---------------------------------------------------------------- instructions

const instructionMakers = {
    system_transfer: () => {
        const [from, to, lamports] = [randomKey(), randomKey(), u64()];
        return { keys: [from, to], numbers: [lamports], made: web3.SystemProgram.transfer({ fromPubkey: from, toPubkey: to, lamports }) };
    },
    system_create_account: () => {
        const [from, account, owner, lamports, space] = [randomKey(), randomKey(), randomKey(), below(2 ** 40), below(2 ** 24)];
        const made = web3.SystemProgram.createAccount({ fromPubkey: from, newAccountPubkey: account, lamports, space, programId: owner });
        return { keys: [from, account, owner], numbers: [lamports, space], made };
    },
    system_allocate: () => {
        const [account, space] = [randomKey(), below(2 ** 24)];
        return { keys: [account], numbers: [space], made: web3.SystemProgram.allocate({ accountPubkey: account, space }) };
    },
    system_assign: () => {
        const [account, owner] = [randomKey(), randomKey()];
        return { keys: [account, owner], numbers: [], made: web3.SystemProgram.assign({ accountPubkey: account, programId: owner }) };
    },
    system_advance_nonce: () => {
        const [nonce, authority] = [randomKey(), randomKey()];
        return { keys: [nonce, authority], numbers: [], made: web3.SystemProgram.nonceAdvance({ noncePubkey: nonce, authorizedPubkey: authority }) };
    },
    compute_unit_limit: () => {
        const units = below(1_400_001);
        return { keys: [], numbers: [units], made: web3.ComputeBudgetProgram.setComputeUnitLimit({ units }) };
    },
    compute_unit_price: () => {
        const price = u64();
        return { keys: [], numbers: [price], made: web3.ComputeBudgetProgram.setComputeUnitPrice({ microLamports: price }) };
    },
    token_transfer_checked: () => {
        const keys = [pick([token.TOKEN_PROGRAM_ID, token.TOKEN_2022_PROGRAM_ID]), randomKey(), randomKey(), randomKey(), randomKey()];
        const [amount, decimals] = [u64(), below(256)];
        const [program, source, mint, destination, owner] = keys;
        return { keys, numbers: [amount, decimals], made: token.createTransferCheckedInstruction(source, mint, destination, owner, amount, decimals, [], program) };
    },
    token_burn_checked: () => {
        const keys = [pick([token.TOKEN_PROGRAM_ID, token.TOKEN_2022_PROGRAM_ID]), randomKey(), randomKey(), randomKey()];
        const [amount, decimals] = [u64(), below(256)];
        const [program, source, mint, owner] = keys;
        return { keys, numbers: [amount, decimals], made: token.createBurnCheckedInstruction(source, mint, owner, amount, decimals, [], program) };
    },
    token_close_account: () => {
        const keys = [pick([token.TOKEN_PROGRAM_ID, token.TOKEN_2022_PROGRAM_ID]), randomKey(), randomKey(), randomKey()];
        const [program, account, destination, owner] = keys;
        return { keys, numbers: [], made: token.createCloseAccountInstruction(account, destination, owner, [], program) };
    },
    create_associated_token: () => {
        const keys = [randomKey(), randomKey(), pick([token.TOKEN_PROGRAM_ID, token.TOKEN_2022_PROGRAM_ID]), randomKey()];
        const [payer, owner, program, mint] = keys;
        const address = token.getAssociatedTokenAddressSync(mint, owner, true, program);
        return { keys, numbers: [], made: token.createAssociatedTokenAccountIdempotentInstruction(payer, address, owner, mint, program) };
    },
};

function madeFields(made) {
    return {
        program: hexOfKey(made.programId),
        accounts: made.keys.map(({ pubkey, isSigner, isWritable }) => [hexOfKey(pubkey), isSigner, isWritable]),
        data: hex(made.data),
    };
}

function writeInstruction(name) {
    const { keys, numbers, made } = instructionMakers[name]();
    write({ kind: 'instruction', name, keys: keys.map(hexOfKey), numbers: numbers.map(String), ...madeFields(made) });
}

function writeEd25519() {
    const [key, signature, message] = [bytes(32), bytes(64), bytes(between(0, 300))];
    const made = web3.Ed25519Program.createInstructionWithPublicKey({ publicKey: key, signature, message });
    write({ kind: 'ed25519', key: hex(key), signature: hex(signature), message: hex(message), ...madeFields(made) });
}

// ---------------------------------------------------------------- accounts

const option = key => (key ? hexOfKey(key) : null);

function extensionsFor(types) {
    const parts = [];
    const list = [];
    for (const type of types.filter(() => chance(25))) {
        const value = bytes(type === token.ExtensionType.TokenMetadata ? between(0, 100) : token.getTypeLen(type));
        const head = Buffer.alloc(4);
        head.writeUInt16LE(type, 0);
        head.writeUInt16LE(value.length, 2);
        parts.push(head, value);
        list.push([type, hex(value)]);
    }
    return { tlv: Buffer.concat(parts), list };
}

const E = token.ExtensionType;
const mintExtensions = [E.TransferFeeConfig, E.MintCloseAuthority, E.ConfidentialTransferMint, E.DefaultAccountState, E.NonTransferable,
    E.InterestBearingConfig, E.PermanentDelegate, E.TransferHook, E.MetadataPointer, E.TokenMetadata, E.GroupPointer, E.TokenGroup,
    E.GroupMemberPointer, E.TokenGroupMember, E.ScaledUiAmountConfig, E.PausableConfig]; // prettier-ignore
const accountExtensions = [E.TransferFeeAmount, E.ConfidentialTransferAccount, E.ImmutableOwner, E.MemoTransfer, E.CpiGuard,
    E.NonTransferableAccount, E.TransferHookAccount, E.PausableAccount]; // prettier-ignore

function accountData(layout, value, kind, types) {
    const base = Buffer.alloc(layout.span);
    layout.encode(value, base);
    const program = pick([token.TOKEN_PROGRAM_ID, token.TOKEN_2022_PROGRAM_ID]);
    const { tlv, list } = extensionsFor(types);
    if (program.equals(token.TOKEN_PROGRAM_ID) || list.length === 0) return { program, data: base, list: [] };
    const head = Buffer.alloc(166);
    base.copy(head);
    head[165] = kind;
    let data = Buffer.concat([head, tlv, Buffer.alloc(pick([0, 0, 1, 2, 5]))]);
    if (data.length === token.MULTISIG_SIZE) data = Buffer.concat([data, Buffer.alloc(2)]);
    return { program, data, list };
}

// Without the zeros at the end, behind which spl-token looks for another extension.
function checkExtensions(tlvData, list) {
    const end = list.reduce((sum, [, value]) => sum + 4 + value.length / 2, 0);
    const found = token.getExtensionTypes(tlvData.subarray(0, end));
    if (JSON.stringify(found) !== JSON.stringify(list.map(([type]) => type))) throw new Error('spl-token reads other extensions');
}

const mintFields = read => ({
    mint_authority: option(read.mintAuthority),
    supply: String(read.supply),
    decimals: read.decimals,
    freeze_authority: option(read.freezeAuthority),
});
const accountFields = read => ({
    mint: hexOfKey(read.mint),
    owner: hexOfKey(read.owner),
    amount: String(read.amount),
    delegate: option(read.delegate),
    frozen: read.isFrozen,
    reserve: read.rentExemptReserve === null ? null : String(read.rentExemptReserve),
    delegated_amount: String(read.delegatedAmount),
    close_authority: option(read.closeAuthority),
});

// The same account with changed bytes, and what spl-token reads: nothing, if it refuses.
function writeChangedAccount(kind, program, data, read) {
    const input = changed(data);
    let fields = null;
    try {
        fields = read(input, program);
    } catch {
        // Refused.
    }
    write({ kind, program: hexOfKey(program), data: hex(input), read: fields });
}

function writeMint() {
    const raw = {
        mintAuthorityOption: below(2), mintAuthority: randomKey(), supply: u64(), decimals: below(256), isInitialized: true,
        freezeAuthorityOption: below(2), freezeAuthority: randomKey(),
    }; // prettier-ignore
    const { program, data, list } = accountData(token.MintLayout, raw, 1, mintExtensions);
    const read = token.unpackMint(randomKey(), { data, owner: program }, program);
    checkExtensions(read.tlvData, list);
    write({ kind: 'mint', program: hexOfKey(program), data: hex(data), ...mintFields(read), extensions: list });
    writeChangedAccount('changed_mint', program, data, (input, owner) => mintFields(token.unpackMint(owner, { data: input, owner }, owner)));
}

function writeTokenAccount() {
    const raw = {
        mint: randomKey(), owner: randomKey(), amount: u64(), delegateOption: below(2), delegate: randomKey(), state: between(1, 2),
        isNativeOption: below(2), isNative: u64(), delegatedAmount: u64(), closeAuthorityOption: below(2), closeAuthority: randomKey(),
    }; // prettier-ignore
    const { program, data, list } = accountData(token.AccountLayout, raw, 2, accountExtensions);
    const read = token.unpackAccount(randomKey(), { data, owner: program }, program);
    checkExtensions(read.tlvData, list);
    write({ kind: 'token_account', program: hexOfKey(program), data: hex(data), ...accountFields(read), extensions: list });
    writeChangedAccount('changed_token_account', program, data, (input, owner) =>
        accountFields(token.unpackAccount(owner, { data: input, owner }, owner)),
    );
}

function writeLookupTable() {
    const head = Buffer.alloc(56);
    head.writeUInt32LE(1, 0);
    head.writeBigUInt64LE(u64(), 4);
    head.writeUInt32LE(u32(), 12);
    head[20] = below(256);
    if (chance(70)) {
        head[21] = 1;
        bytes(32).copy(head, 22);
    }
    const data = Buffer.concat([head, bytes(32 * between(0, chance(10) ? 256 : 10))]);
    const read = web3.AddressLookupTableAccount.deserialize(data);
    write({
        kind: 'lookup_table', data: hex(data), deactivation_slot: String(read.deactivationSlot), last_extended_slot: String(read.lastExtendedSlot),
        last_extended_start: read.lastExtendedSlotStartIndex, authority: option(read.authority), addresses: read.addresses.map(hexOfKey),
    }); // prettier-ignore
}

function writeNonce() {
    const data = Buffer.concat([Buffer.from([1, 0, 0, 0, 1, 0, 0, 0]), bytes(64), Buffer.alloc(8)]);
    data.writeUInt32LE(u32(), 72);
    const read = web3.NonceAccount.fromAccountData(data);
    write({
        kind: 'nonce', data: hex(data), authority: hexOfKey(read.authorizedPubkey), value: hexOfAddress(read.nonce),
        lamports_per_signature: String(read.feeCalculator.lamportsPerSignature),
    }); // prettier-ignore
}

// ---------------------------------------------------------------- all of them

write({ kind: 'head', seed: options.seed, messages: messageCount, others: otherCount });
for (let i = 0; i < messageCount; ++i) {
    const made = await writeMessage(randomDraft());
    if (made !== null) writeChanged(made);
}
for (let i = 0; i < otherCount; ++i) {
    await writeProgramAddress();
    writeAssociated();
    Object.keys(instructionMakers).forEach(writeInstruction);
    writeEd25519();
    writeMint();
    writeTokenAccount();
    writeLookupTable();
    writeNonce();
}
closeSync(file);
