// One client of ts-mls with its groups: each method is a command of docs/mls-peer.md.
import { p256, p384, p521 } from "@noble/curves/nist.js";
import {
    bytesToBase64, ciphersuites, createApplicationMessage, createCommit, createGroup, createProposal, decodeMlsMessage, defaultCapabilities, defaultExtensionTypes,
    defaultLifetime, encodeMlsMessage, generateKeyPackageWithKey, getCiphersuiteFromName, getCiphersuiteImpl, joinGroup,
    joinGroupExternal, makePskIndex, mlsExporter, processPrivateMessage, processPublicMessage, proposeAddExternal,
    type CiphersuiteImpl, type CiphersuiteName, type ClientConfig, type ClientState, type Credential, type Extension,
    type IncomingMessageCallback, type KeyPackage, type MLSMessage, type PrivateKeyPackage, type Proposal, type PskIndex,
} from "ts-mls";
// Not part of its main module: what Update proposals, trees outside a Welcome and a right external_pub need.
import { defaultClientConfig } from "ts-mls/clientConfig.js";
import { encode } from "ts-mls/codec/tlsEncoder.js";
import { decodeVarLenData, varLenDataEncoder } from "ts-mls/codec/variableLength.js";
import { createGroupInfo } from "ts-mls/createCommit.js";
import { signWithLabel } from "ts-mls/crypto/signature.js";
import { leafNodeTBSEncoder, type LeafNodeTBS } from "ts-mls/leafNode.js";
import { updateLeafKey } from "ts-mls/privateKeyPath.js";
import { decodeRatchetTree, encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
import { RequestFields, Unsupported, WrongRequest, toHex, type ExtensionField } from "./fields.ts";

const BASIC_CREDENTIAL = 1;

type MessageOf<Wire extends MLSMessage["wireformat"]> = Extract<MLSMessage, { wireformat: Wire }>;

const decoded = <Wire extends MLSMessage["wireformat"]>(message: Uint8Array, ...wires: Wire[]): MessageOf<Wire> => {
    const [content, size] = decodeMlsMessage(message, 0) ?? [undefined, 0];
    if (content === undefined || size !== message.length) throw new WrongRequest("not an MLSMessage");
    if (!(wires as string[]).includes(content.wireformat)) throw new WrongRequest(`it is a ${content.wireformat}`);
    return content as MessageOf<Wire>;
};

const extensionNames = new Map(Object.entries(defaultExtensionTypes).map(([name, type]) => [type as number, name]));

const extensionsOf = (fields: ExtensionField[]): Extension[] => fields.map(({ type, data }) => ({
    extensionType: (extensionNames.get(type) ?? type) as Extension["extensionType"], extensionData: data,
}));

/** Whether a commit of these proposals has a path in ts-mls, which leaves no choice. */
const hasPath = (proposals: Proposal[]): boolean =>
    proposals.length === 0 || proposals.some(({ proposalType }) => proposalType === "update" || proposalType === "remove");

/**
 * The suite for an external join. ts-mls takes the whole extension_data of external_pub for the public key, but RFC 9420
 * section 12.4.3.2 has a vector there. The GroupInfo is signed, so only the reading of the key can be mended.
 */
const readingExternalPub = (suite: CiphersuiteImpl, extensions: Extension[]): CiphersuiteImpl => {
    const data = extensions.find(({ extensionType }) => extensionType === "external_pub")?.extensionData;
    const [key, size] = (data && decodeVarLenData(data, 0)) ?? [undefined, 0];
    if (data === undefined || key === undefined || size !== data.length) throw new WrongRequest("no external_pub");
    const { hpke } = suite;
    return {
        ...suite, hpke: { ...hpke, importPublicKey: (bytes) => hpke.importPublicKey(toHex(bytes) === toHex(data) ? key : bytes) },
    };
};

interface SignatureKeys {
    signKey: Uint8Array;
    publicKey: Uint8Array;
}

/** ts-mls makes compressed ECDSA keys; RFC 9420 section 5.1.1 has them uncompressed. */
const signatureKeysOf = async (suite: CiphersuiteImpl): Promise<SignatureKeys> => {
    const { signKey, publicKey } = await suite.signature.keygen();
    const curve = { P256: p256, P384: p384, P521: p521 }[getCiphersuiteFromName(suite.name).signature as string];
    return { signKey, publicKey: curve ? curve.Point.fromBytes(publicKey).toBytes(false) : publicKey };
};

interface Settings {
    suite: CiphersuiteImpl;
    credential: Credential;
    signatureKeys: SignatureKeys;
    capabilities: ReturnType<typeof defaultCapabilities>;
    leafExtensions: Extension[];
    publicHandshakes: boolean;
    config: ClientConfig;
}

interface Group {
    state: ClientState;
    /** The epoch that an own commit makes, until apply_pending. */
    staged?: ClientState;
    /** Private keys of own Update proposals of this epoch, by their public keys. */
    updates: Map<string, Uint8Array>;
    treeInWelcome: boolean;
}

export class TsMlsClient {
    readonly #settings: Settings;
    readonly #groups = new Map<string, Group>();
    readonly #packages: { publicPackage: KeyPackage; privatePackage: PrivateKeyPackage }[] = [];
    readonly #psks: Record<string, Uint8Array> = {};
    #last = "";

    private constructor(settings: Settings) {
        this.#settings = settings;
    }

    static async init(name: string, fields: RequestFields): Promise<TsMlsClient> {
        const number = fields.number("suite");
        const suiteName = Object.entries(ciphersuites).find(([, value]) => value === number)?.[0];
        if (suiteName === undefined) throw new Unsupported(`cipher suite ${number}`);
        if (fields.number("credential_type", BASIC_CREDENTIAL) !== BASIC_CREDENTIAL) throw new Unsupported("credential_type");
        const suite = await getCiphersuiteImpl(getCiphersuiteFromName(suiteName as CiphersuiteName));
        const capabilities = defaultCapabilities();
        capabilities.extensions.push(...fields.numbers("extensions"));
        capabilities.proposals.push(...fields.numbers("proposals"));
        // Numbers that ts-mls has no name for are decimal texts in its lists.
        capabilities.credentials.push(...(fields.numbers("credentials").map(String) as typeof capabilities.credentials));
        return new TsMlsClient({
            suite,
            capabilities,
            credential: { credentialType: "basic", identity: fields.bytes("identity", new TextEncoder().encode(name)) },
            signatureKeys: await signatureKeysOf(suite),
            leafExtensions: extensionsOf(fields.extensions("leaf_extensions")),
            publicHandshakes: fields.text("wire", "private") === "public",
            config: {
                ...defaultClientConfig,
                paddingConfig: { kind: "alwaysPad", paddingLength: fields.number("padding", 0) },
                keyRetentionConfig: {
                    ...defaultClientConfig.keyRetentionConfig, retainKeysForEpochs: fields.number("past_epochs", 3),
                },
            },
        });
    }

    async run(command: string, fields: RequestFields): Promise<object> {
        switch (command) {
            case "new_key_package": return this.#newKeyPackage(fields);
            case "create_group": return this.#createGroup(fields);
            case "add": case "remove": case "update": case "commit": case "reinit": return this.#commit(command, fields);
            case "apply_pending": return this.#applyPending(fields);
            case "discard_pending": return this.#discardPending(fields);
            case "join": return this.#join(fields);
            case "external_join": return this.#externalJoin(fields);
            case "propose_add": return this.#propose(fields, this.#addOf(fields.bytes("key_package")));
            case "propose_remove": return this.#propose(fields, this.#removeOf(fields.number("index")));
            case "propose_leave": return this.#propose(fields, this.#removeOf(this.#group(fields).state.privatePath.leafIndex));
            case "propose_psk": return this.#propose(fields, this.#pskOf(fields.bytes("psk_id")));
            case "propose_join": return this.#proposeJoin(fields);
            case "propose_update": return this.#proposeUpdate(fields);
            case "store_psk": this.#psks[bytesToBase64(fields.bytes("psk_id"))] = fields.bytes("psk"); return {};
            case "send": return this.#send(fields);
            case "recv": return this.#receive(fields);
            case "export": return this.#export(fields);
            case "state": return this.#stateOf(this.#group(fields).state);
            case "members": return this.#members(fields);
            case "ratchet_tree": return { ratchet_tree: toHex(encodeRatchetTree(this.#group(fields).state.ratchetTree)) };
            case "group_info": return this.#groupInfo(fields);
            case "epoch_authenticator":
                return { epoch_authenticator: toHex(this.#group(fields).state.keySchedule.epochAuthenticator) };
            default: throw new Unsupported(command);
        }
    }

    #group(fields: RequestFields): Group {
        const group = this.#groups.get(fields.text("group", this.#last));
        if (group === undefined) throw new WrongRequest("no such group");
        return group;
    }

    #enter(state: ClientState, treeInWelcome: boolean): object {
        this.#last = toHex(state.groupContext.groupId);
        this.#groups.set(this.#last, { state, updates: new Map(), treeInWelcome });
        return this.#stateOf(state);
    }

    #stateOf({ groupContext, privatePath, groupActiveState, ratchetTree, keySchedule }: ClientState): object {
        return {
            group_id: toHex(groupContext.groupId),
            epoch: Number(groupContext.epoch),
            index: privatePath.leafIndex,
            active: groupActiveState.kind === "active",
            members: ratchetTree.filter((node) => node?.nodeType === "leaf").length,
            tree_hash: toHex(groupContext.treeHash),
            confirmed_transcript_hash: toHex(groupContext.confirmedTranscriptHash),
            epoch_authenticator: toHex(keySchedule.epochAuthenticator),
        };
    }

    #pskIndex(state: ClientState | undefined): PskIndex {
        return makePskIndex(state, this.#psks);
    }

    #makeKeyPackage(): Promise<{ publicPackage: KeyPackage; privatePackage: PrivateKeyPackage }> {
        const { credential, capabilities, signatureKeys, suite, leafExtensions } = this.#settings;
        return generateKeyPackageWithKey(credential, capabilities, defaultLifetime, [], signatureKeys, suite, leafExtensions);
    }

    async #newKeyPackage(fields: RequestFields): Promise<object> {
        if (fields.boolean("last_resort", false)) throw new Unsupported("last_resort");
        const made = await this.#makeKeyPackage();
        this.#packages.push(made);
        const message: MLSMessage = { version: "mls10", wireformat: "mls_key_package", keyPackage: made.publicPackage };
        return { key_package: toHex(encodeMlsMessage(message)) };
    }

    async #createGroup(fields: RequestFields): Promise<object> {
        const { suite, config } = this.#settings;
        const { publicPackage, privatePackage } = await this.#makeKeyPackage();
        const id = fields.bytes("group_id", suite.rng.randomBytes(32));
        const extensions = extensionsOf(fields.extensions("group_extensions"));
        const state = await createGroup(id, publicPackage, privatePackage, extensions, suite, config);
        return this.#enter(state, fields.boolean("tree_in_welcome", true));
    }

    #addOf(keyPackage: Uint8Array): Proposal {
        return { proposalType: "add", add: { keyPackage: decoded(keyPackage, "mls_key_package").keyPackage } };
    }

    #removeOf(removed: number): Proposal {
        return { proposalType: "remove", remove: { removed } };
    }

    #pskOf(pskId: Uint8Array): Proposal {
        const { rng, kdf } = this.#settings.suite;
        // RFC 9420 section 8.4: as long as a hash.
        const pskNonce = rng.randomBytes(kdf.size);
        return { proposalType: "psk", psk: { preSharedKeyId: { psktype: "external", pskId, pskNonce } } };
    }

    #resumptionOf({ groupContext }: ClientState, pskEpoch: number): Proposal {
        const { rng, kdf } = this.#settings.suite;
        const preSharedKeyId = {
            psktype: "resumption", usage: "application", pskGroupId: groupContext.groupId, pskEpoch: BigInt(pskEpoch),
            pskNonce: rng.randomBytes(kdf.size),
        } as const;
        return { proposalType: "psk", psk: { preSharedKeyId } };
    }

    /** The proposals that the fields of a commit ask for. */
    #proposalsOf(state: ClientState, command: string, fields: RequestFields): Proposal[] {
        if (fields.has("app_data")) throw new Unsupported("app_data");
        const proposals = [
            ...fields.byteList("key_packages").map((keyPackage) => this.#addOf(keyPackage)),
            ...fields.numbers("indices").map((index) => this.#removeOf(index)),
            ...fields.byteList("psk_ids").map((id) => this.#pskOf(id)),
            ...fields.numbers("resumption_epochs").map((epoch) => this.#resumptionOf(state, epoch)),
        ];
        if (fields.has("group_extensions")) {
            const extensions = extensionsOf(fields.extensions("group_extensions"));
            proposals.push({ proposalType: "group_context_extensions", groupContextExtensions: { extensions } });
        }
        if (command === "reinit") {
            const { version, cipherSuite, extensions } = state.groupContext;
            const groupId = fields.bytes("group_id");
            proposals.push({ proposalType: "reinit", reinit: { groupId, version, cipherSuite, extensions } });
        }
        return proposals;
    }

    async #commit(command: string, fields: RequestFields): Promise<object> {
        const group = this.#group(fields);
        const stored = fields.boolean("stored", true);
        const state = stored ? group.state : { ...group.state, unappliedProposals: {} };
        const extraProposals = this.#proposalsOf(state, command, fields);
        const all = [...Object.values(state.unappliedProposals).map(({ proposal }) => proposal), ...extraProposals];
        if (fields.boolean("path", command === "update") && !hasPath(all)) throw new Unsupported("path");

        const { suite, publicHandshakes } = this.#settings;
        const { newState, commit, welcome } = await createCommit(
            { state, cipherSuite: suite, pskIndex: this.#pskIndex(state) },
            { wireAsPublicMessage: publicHandshakes, extraProposals, ratchetTreeExtension: group.treeInWelcome },
        );
        group.staged = newState;
        if (fields.boolean("apply", true)) this.#apply(group);
        const tree = { ratchet_tree: toHex(encodeRatchetTree(newState.ratchetTree)) };
        return {
            ...this.#stateOf(group.state),
            commit: toHex(encodeMlsMessage(commit)),
            ...(welcome && { welcome: toHex(encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome })) }),
            ...(welcome && !group.treeInWelcome && tree),
        };
    }

    #apply(group: Group): void {
        if (group.staged === undefined) throw new WrongRequest("nothing is staged");
        this.#advance(group, group.staged);
    }

    /** Proposals and a staged commit belong to the epoch that ends here. */
    #advance(group: Group, next: ClientState): void {
        group.state = next;
        group.updates.clear();
        delete group.staged;
    }

    #applyPending(fields: RequestFields): object {
        const group = this.#group(fields);
        this.#apply(group);
        return this.#stateOf(group.state);
    }

    #discardPending(fields: RequestFields): object {
        const group = this.#group(fields);
        delete group.staged;
        return this.#stateOf(group.state);
    }

    #treeOf(fields: RequestFields): RatchetTree | undefined {
        return fields.has("ratchet_tree") ? decodeRatchetTree(fields.bytes("ratchet_tree"), 0)?.[0] : undefined;
    }

    async #join(fields: RequestFields): Promise<object> {
        const { welcome } = decoded(fields.bytes("welcome"), "mls_welcome");
        const { suite, config } = this.#settings;
        const psks = this.#pskIndex(undefined);
        // The one package that the Welcome is for is found by trying: its reference is checked first thing.
        let refusal: unknown = new WrongRequest("no key package");
        for (const { publicPackage, privatePackage } of this.#packages) {
            try {
                const tree = this.#treeOf(fields);
                const state = await joinGroup(welcome, publicPackage, privatePackage, psks, suite, tree, undefined, config);
                return this.#enter(state, true);
            } catch (error) {
                if (!String(error).includes("No matching secret found")) refusal = error;
            }
        }
        throw refusal;
    }

    async #externalJoin(fields: RequestFields): Promise<object> {
        const { groupInfo } = decoded(fields.bytes("group_info"), "mls_group_info");
        const { suite, config } = this.#settings;
        const { publicPackage, privatePackage } = await this.#makeKeyPackage();
        const joined = await joinGroupExternal(
            groupInfo, publicPackage, privatePackage, fields.has("remove"), readingExternalPub(suite, groupInfo.extensions),
            this.#treeOf(fields), config,
        );
        const commit = encodeMlsMessage({
            version: "mls10", wireformat: "mls_public_message", publicMessage: joined.publicMessage,
        });
        return { ...this.#enter(joined.newState, true), commit: toHex(commit) };
    }

    async #propose(fields: RequestFields, proposal: Proposal): Promise<object> {
        const group = this.#group(fields);
        const { suite, publicHandshakes } = this.#settings;
        const { newState, message } = await createProposal(group.state, publicHandshakes, proposal, suite);
        group.state = newState;
        return { message: toHex(encodeMlsMessage(message)) };
    }

    /** An Add of itself by somebody who is no member (RFC 9420 section 12.1.8). */
    async #proposeJoin(fields: RequestFields): Promise<object> {
        const { groupInfo } = decoded(fields.bytes("group_info"), "mls_group_info");
        const made = await this.#makeKeyPackage();
        const message = await proposeAddExternal(groupInfo, made.publicPackage, made.privatePackage, this.#settings.suite);
        this.#packages.push(made);
        return { message: toHex(encodeMlsMessage(message)) };
    }

    /** ts-mls has the proposal's encoding but nothing that makes one, nor keeps its private key. */
    async #proposeUpdate(fields: RequestFields): Promise<object> {
        const group = this.#group(fields);
        const { suite, signatureKeys } = this.#settings;
        const { groupContext, privatePath, ratchetTree } = group.state;
        const own = ratchetTree[privatePath.leafIndex * 2];
        if (own?.nodeType !== "leaf") throw new WrongRequest("not a member");
        const keys = await suite.hpke.generateKeyPair();
        const { credential, capabilities, signaturePublicKey, extensions } = own.leaf;
        const hpkePublicKey = await suite.hpke.exportPublicKey(keys.publicKey);
        const content: LeafNodeTBS = {
            leafNodeSource: "update", hpkePublicKey, signaturePublicKey, credential, capabilities, extensions,
            groupId: groupContext.groupId, leafIndex: privatePath.leafIndex,
        };
        const signature = await signWithLabel(
            signatureKeys.signKey, "LeafNodeTBS", encode(leafNodeTBSEncoder)(content), suite.signature,
        );
        const reply = await this.#propose(fields, { proposalType: "update", update: { leafNode: { ...content, signature } } });
        group.updates.set(toHex(hpkePublicKey), await suite.hpke.exportPrivateKey(keys.privateKey));
        return reply;
    }

    async #send(fields: RequestFields): Promise<object> {
        const group = this.#group(fields);
        const data = fields.bytes("data", new TextEncoder().encode(fields.text("text", "")));
        const aad = fields.bytes("aad", new Uint8Array());
        const { newState, privateMessage } = await createApplicationMessage(group.state, data, this.#settings.suite, aad);
        group.state = newState;
        return { message: toHex(encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage })) };
    }

    async #receive(fields: RequestFields): Promise<object> {
        const group = this.#group(fields);
        const message = decoded(fields.bytes("message"), "mls_private_message", "mls_public_message");
        let [kind, senderIndex]: [string, number | undefined] = ["", undefined];
        const note: IncomingMessageCallback = (incoming) => {
            kind = incoming.kind;
            senderIndex = incoming.kind === "commit" ? incoming.senderLeafIndex : incoming.proposal.senderLeafIndex;
            return "accept";
        };
        const state = await this.#withOwnUpdate(group, message);
        const result = await this.#process(state, message, note);
        if ("message" in result) {
            group.state = result.newState;
            // ts-mls does not say who sent it.
            return {
                kind: "application", text: new TextDecoder().decode(result.message), data: toHex(result.message),
                aad: message.wireformat === "mls_private_message" ? toHex(message.privateMessage.authenticatedData) : "",
            };
        }
        if (kind === "proposal") {
            group.state = result.newState;
            return { kind, sender: senderIndex };
        }
        this.#advance(group, result.newState);
        return { kind, sender: senderIndex, ...this.#stateOf(group.state) };
    }

    #process(
        state: ClientState, message: MessageOf<"mls_private_message" | "mls_public_message">, callback: IncomingMessageCallback,
    ): ReturnType<typeof processPrivateMessage> | ReturnType<typeof processPublicMessage> {
        const psks = this.#pskIndex(state);
        return message.wireformat === "mls_private_message"
            ? processPrivateMessage(state, message.privateMessage, psks, this.#settings.suite, callback)
            : processPublicMessage(state, message.publicMessage, psks, this.#settings.suite, callback);
    }

    /**
     * The state with the private key of the own Update proposal that `message` commits, if it does. ts-mls puts the new
     * leaf into the tree but keeps the old private key, so it could not open the path. States are immutable: the first
     * look at the message, which rejects it, changes nothing.
     */
    async #withOwnUpdate(
        group: Group, message: MessageOf<"mls_private_message" | "mls_public_message">,
    ): Promise<ClientState> {
        if (group.updates.size === 0) return group.state;
        let key: Uint8Array | undefined;
        await this.#process(group.state, message, (incoming) => {
            if (incoming.kind === "proposal") return "reject";
            for (const { proposal } of incoming.proposals) {
                if (proposal.proposalType !== "update") continue;
                key ??= group.updates.get(toHex(proposal.update.leafNode.hpkePublicKey));
            }
            return "reject";
        });
        return key ? { ...group.state, privatePath: updateLeafKey(group.state.privatePath, key) } : group.state;
    }

    async #export(fields: RequestFields): Promise<object> {
        const { exporterSecret } = this.#group(fields).state.keySchedule;
        const context = fields.bytes("context", new Uint8Array());
        const length = fields.number("length", 32);
        const secret = await mlsExporter(exporterSecret, fields.text("label"), context, length, this.#settings.suite);
        return { secret: toHex(secret) };
    }

    #members(fields: RequestFields): object {
        const members = this.#group(fields).state.ratchetTree.flatMap((node, at) => {
            if (node?.nodeType !== "leaf") return [];
            const { credential, signaturePublicKey } = node.leaf;
            const identity = credential.credentialType === "basic" && "identity" in credential ? toHex(credential.identity) : "";
            return [{ index: at / 2, identity, credential_type: BASIC_CREDENTIAL, signature_key: toHex(signaturePublicKey) }];
        });
        return { members };
    }

    /** Not createGroupInfoWithExternalPub: it leaves out the vector around the key (see readingExternalPub). */
    async #groupInfo(fields: RequestFields): Promise<object> {
        const { state } = this.#group(fields);
        const { suite } = this.#settings;
        const { publicKey } = await suite.hpke.deriveKeyPair(state.keySchedule.externalSecret);
        const externalPub = encode(varLenDataEncoder)(await suite.hpke.exportPublicKey(publicKey));
        const extensions: Extension[] = [{ extensionType: "external_pub", extensionData: externalPub }];
        if (fields.boolean("with_tree", true)) {
            extensions.push({ extensionType: "ratchet_tree", extensionData: encodeRatchetTree(state.ratchetTree) });
        }
        const groupInfo = await createGroupInfo(state.groupContext, state.confirmationTag, state, extensions, suite);
        return { group_info: toHex(encodeMlsMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo })) };
    }
}
