// A program with a measurement of TDX that governance let in, three verifiers of whom two have to sign, and an enclave's key.
import { CHAT, SLOTS_PER_DAY, client, sha256, signatures, signingKey } from "./chatmcp.mjs";

const { Action, EvidenceKind, RevocationReason, VerdictRoute } = client;

export function verifierSet(verifiers, threshold) {
    const keys = Array.from({ length: 16 }, (_, index) => verifiers[index]?.address ?? "11111111111111111111111111111111");
    return client.getSetVerifiersEncoder().encode({ threshold, count: verifiers.length, keys });
}

// RFC 9162 section 2.1.1 and 2.1.3.1, as they are written there.
const split = (count) => 2 ** Math.ceil(Math.log2(count) - 1);
export function merkleRoot(leaves) {
    if (leaves.length === 1) return leaves[0];
    const half = split(leaves.length);
    return sha256(Buffer.from([1]), merkleRoot(leaves.slice(0, half)), merkleRoot(leaves.slice(half)));
}
export function merklePath(index, leaves) {
    if (leaves.length === 1) return [];
    const half = split(leaves.length);
    return index < half
        ? [...merklePath(index, leaves.slice(0, half)), merkleRoot(leaves.slice(half))]
        : [...merklePath(index - half, leaves.slice(half)), merkleRoot(leaves.slice(0, half))];
}

export class Registry {
    // `chat` is set up.
    static async start(chat, who = undefined) {
        const registry = new Registry();
        registry.chat = chat;
        registry.who = who ?? (await chat.staker(1000n * CHAT));
        chat.pass(1n);
        registry.verifiers = [signingKey(), signingKey(), signingKey()];
        const set = await chat.passed(registry.who, Action.SetVerifiers, verifierSet(registry.verifiers, 2));
        await chat.must(registry.setVerifiers(set));
        const adding = await registry.proposeMeasurement("agent 1");
        await chat.must(adding.execute());
        registry.measurement = adding.measurement;
        await registry.renew();
        return registry;
    }

    // Another enclave, which is not registered yet.
    async renew() {
        this.enclave = signingKey();
        [this.entry, this.bump] = await this.chat.pda("enclave", { enclaveKey: this.enclave.address });
        this.batches = 0n;
        this.receiptsCount = 0n;
    }

    setVerifiers(proposal) {
        return this.chat.instruction("executeVerifiers", { proposal: proposal.address });
    }

    async proposeMeasurement(label, change = {}) {
        const wanted = {
            kind: EvidenceKind.Tdx,
            digestBytes: 32,
            digest: Buffer.concat([sha256(Buffer.from(label)), Buffer.alloc(32)]),
            label,
            notBeforeUnixS: 0n,
            notAfterUnixS: 1n << 40n,
            ...change,
        };
        const seeds = { kind: wanted.kind, digestFrom0: wanted.digest.subarray(0, 32), digestFrom32: wanted.digest.subarray(32) };
        const [measurement, bump] = await this.chat.pda("measurement", seeds);
        const proposal = await this.chat.passed(this.who, Action.AddMeasurement, client.getAddMeasurementEncoder().encode(wanted));
        const execute = () => this.chat.instruction("executeAddMeasurement", { payer: this.who.wallet, proposal: proposal.address, measurement, bump });
        return { measurement, proposal, execute };
    }

    verdict(change = {}) {
        const { chat, enclave, entry, measurement } = this;
        const slot = change.slot ?? chat.slot;
        const { signers, ...fields } = { signers: [0, 1], route: VerdictRoute.Verifiers, verifierSetVersion: 1n, slot, expiresSlot: slot + SLOTS_PER_DAY, ...change };
        const said = {
            enclaveKey: enclave.address,
            measurement,
            evidenceDigest: sha256(Buffer.from("evidence")),
            hostIdCommitment: sha256(Buffer.from("host")),
            collateralEvaluationNumber: 17n,
            ...fields,
        };
        const digest = chat.statement("verdict", "chatmcp verdict1", { registry: entry, ...said });
        return [
            this.signed(signers, digest),
            chat.instruction("enclaveRegister", { payer: this.who.wallet, enclave: entry, bump: this.bump, signatureInstruction: 0, ...said }),
        ];
    }

    // `signers`: numbers of verifiers, or keys of others.
    signed(signers, digest) {
        return signatures(signers.map((one) => ({ signer: typeof one === "number" ? this.verifiers[one] : one, digest })));
    }

    revocation(signers, reason = RevocationReason.KeyCompromise) {
        const { chat, entry } = this;
        const digest = chat.statement("revocation", "chatmcp revoke 1", { registry: entry, verifierSetVersion: 1n, reason });
        return [this.signed(signers, digest), chat.instruction("enclaveRevoke", { enclave: entry, reason, signatureInstruction: 0 })];
    }

    // The next batch.
    async receipts(leaves, change = {}) {
        return { leaves, ...(await this.batch(merkleRoot(leaves), leaves.length, change)) };
    }

    async batch(root, count, change = {}) {
        const { chat, enclave, entry } = this;
        const statement = { enclaveKey: enclave.address, root, batch: this.batches, first: this.receiptsCount, count };
        const digest = chat.statement("receiptsStatement", "chatmcp receipt1", statement);
        const [address, bump] = await chat.pda("receipts", { enclaveKey: enclave.address, batch: this.batches });
        const anchor = chat.instruction("anchorReceipts", {
            payer: this.who.wallet, enclave: entry, receipts: address, bump, root, count, signature: { instruction: 0, signature: 0 }, ...change,
        });
        return { address, signed: signatures([{ signer: change.signer ?? enclave, digest }]), anchor };
    }

    // Anchors it and goes on to the one after it.
    async anchored(leaves) {
        const batch = await this.receipts(leaves);
        await this.chat.must(batch.signed, batch.anchor);
        this.batches += 1n;
        this.receiptsCount += BigInt(leaves.length);
        return batch;
    }

    verify(batch, index, { leaf = batch.leaves[index], proof = merklePath(index, batch.leaves) } = {}) {
        return this.chat.instruction("verifyReceipt", { receipts: batch.address, index, leaf, tail: proof });
    }
}
