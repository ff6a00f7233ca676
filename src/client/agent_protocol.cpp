#include "client/agent_protocol.h"

#include "attest/evidence.h"
#include "client/rules.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "mls/leaf_node.h"
#include "wire/labelled_sign.h"

namespace chatmcp::client {
namespace {

constexpr std::string_view kEvidenceLabel = "chatmcp evidence";
constexpr std::string_view kUpdateLabel = "chatmcp agent update";
constexpr auto kUpdateAead = crypto::AeadId::chacha20_poly1305;

Result<Bytes> seal_to(ByteView key, std::string_view info, ByteView plaintext, crypto::Random& r) {
    CHATMCP_TRY(const auto sealed, crypto::hpke_seal({}, key, as_bytes(info), {}, plaintext, r));
    return wire::encode(wire::SealedToInbox{to_array<32>(sealed.enc), sealed.ciphertext});
}

Result<SecretBytes> open_with(const crypto::HpkePrivateKey& key,
                              std::string_view info,
                              ByteView payload) {
    CHATMCP_TRY(const auto sealed, wire::decode<wire::SealedToInbox>(payload));
    return crypto::hpke_open({}, key, sealed.enc, as_bytes(info), {}, sealed.ciphertext);
}

Result<crypto::Aead> update_aead(const mls::Group& group) {
    CHATMCP_TRY(const SecretBytes key,
                group.export_secret(kUpdateLabel, {}, crypto::aead_key_bytes(kUpdateAead)));
    return crypto::Aead(kUpdateAead, key.view());
}

}  // namespace

Result<Bytes> seal_request(const wire::KeyPackageRequest& request,
                           const ByteArray<32>& agent_hpke_key,
                           crypto::Random& random) {
    return seal_to(agent_hpke_key, kKeyPackageRequestInfo, wire::encode(request), random);
}

Result<Bytes> seal_reply(const wire::KeyPackageReply& reply,
                         const ByteArray<32>& reply_key,
                         crypto::Random& random) {
    return seal_to(reply_key, kKeyPackageReplyInfo, wire::encode(reply), random);
}

Result<wire::KeyPackageRequest> open_request(ByteView payload, const crypto::HpkePrivateKey& key) {
    CHATMCP_TRY(const SecretBytes opened, open_with(key, kKeyPackageRequestInfo, payload));
    return wire::decode<wire::KeyPackageRequest>(opened.view());
}

Result<wire::KeyPackageReply> open_reply(ByteView payload, const crypto::HpkePrivateKey& key) {
    CHATMCP_TRY(const SecretBytes opened, open_with(key, kKeyPackageReplyInfo, payload));
    return wire::decode<wire::KeyPackageReply>(opened.view());
}

Result<ByteArray<32>> renewal_nonce(const mls::Group& group, mls::LeafIndex agent) {
    wire::Writer index;
    index.u32(agent.value);
    CHATMCP_TRY(const SecretBytes nonce, group.export_secret(kEvidenceLabel, index.view(), 32));
    return to_array<32>(nonce.view());
}

Result<Bytes> seal_agent_update(const mls::Group& group, ByteView commit, crypto::Random& random) {
    CHATMCP_TRY(const crypto::Aead aead, update_aead(group));
    const auto nonce = random.array<crypto::kAeadNonceBytes>();
    return concat({nonce, aead.seal(nonce, group.view().group_id(), commit)});
}

Result<Bytes> open_agent_update(const mls::Group& group, ByteView payload) {
    if (payload.size() < crypto::kAeadNonceBytes) {
        return fail(Errc::cannot_open, "CLT-71");
    }
    CHATMCP_TRY(const crypto::Aead aead, update_aead(group));
    auto opened = aead.open(payload.first(crypto::kAeadNonceBytes),
                            group.view().group_id(),
                            payload.subspan(crypto::kAeadNonceBytes));
    if (!opened.has_value()) {
        return fail(Errc::cannot_open, "CLT-71");
    }
    return opened;
}

bool is_private_message(ByteView payload) {
    // RFC 9420 section 6: ProtocolVersion mls10, WireFormat mls_private_message.
    constexpr ByteArray<4> kHead = {0x00, 0x01, 0x00, 0x02};
    return payload.size() >= kHead.size() && equal(payload.first(kHead.size()), kHead);
}

wire::Digest companion_commitment(const wire::CommitmentKeys& keys,
                                  const wire::GroupId& companion) {
    return crypto::hmac_sha256(keys.companion, companion);
}

wire::Digest output_commitment(const wire::CommitmentKeys& keys, const wire::AnswerText& answer) {
    return crypto::hmac_sha256(keys.output, wire::encode(answer));
}

Result<ShownAgentLeaf> verify_shown_leaf(ByteView encoded_leaf,
                                         const wire::GroupId& companion,
                                         const wire::Digest& credential_digest) {
    CHATMCP_TRY(const auto node, wire::decode<mls::LeafNode>(encoded_leaf));
    ShownAgentLeaf shown;
    CHATMCP_TRY_VOID(mls::components_of(node.extensions));  // view_of needs them to parse.
    shown.leaf = mls::view_of(node, mls::LeafIndex{});
    CHATMCP_TRY(const LeafIdentity who, identity_of(shown.leaf));
    if (!who.agent_credential.has_value() || who.agent_credential->digest() != credential_digest) {
        return fail(Errc::untrusted_identity, "CLT-84");
    }
    shown.credential = *who.agent_credential;
    CHATMCP_TRY_VOID(identity::verify_agent_credential(shown.credential));
    CHATMCP_TRY(shown.evidence,
                component_of<wire::EvidenceComponent>(
                    shown.leaf.components, wire::ComponentId::evidence, "CLT-54"));
    // A leaf of a later epoch is signed over its place in a tree that is not shown; what ties it to
    // the enclave and the companion is the delegation, and the evidence over leaf key and group.
    CHATMCP_TRY(const auto delegation,
                wire::decode<identity::Delegation>(shown.evidence.delegation));
    CHATMCP_TRY_VOID(identity::verify_delegation(
        delegation, shown.credential.enclave_key, shown.leaf.signature_key, companion));
    return shown;
}

Result<void> verify_receipt(const wire::Receipt& receipt,
                            const wire::AnswerText& answer,
                            const wire::CommitmentKeys& keys,
                            const wire::GroupId& companion,
                            const wire::Grant& grant,
                            const ShownAgentLeaf& agent) {
    if (!wire::verify(agent.leaf.signature_key, receipt, receipt.signature).has_value()) {
        return fail(Errc::bad_signature, "CLT-86");
    }
    if (receipt.companion_commitment != companion_commitment(keys, companion) ||
        receipt.output_commitment != output_commitment(keys, answer)) {
        return fail(Errc::wrong_key, "CLT-87");
    }
    if (receipt.grant_digest != grant.digest() || receipt.time > grant.expires_at ||
        receipt.sequence > grant.questions_max) {
        return fail(Errc::wrong_key, "CLT-88");
    }
    if (receipt.evidence_digest != attest::evidence_digest(agent.evidence.evidence) ||
        receipt.measurement != agent.credential.measurement ||
        receipt.configuration_digest != agent.credential.configuration_digest) {
        return fail(Errc::wrong_key, "CLT-89");
    }
    return {};
}

Result<void> verify_answer_post(const wire::AnswerPost& post,
                                const wire::Grant& grant,
                                const ShownAgentLeaf& agent) {
    CHATMCP_TRY_VOID(
        verify_receipt(post.receipt, post.answer, post.keys, post.companion_id, grant, agent));
    if (post.receipt.question !=
        wire::message_id(post.companion_id, post.asker, wire::encode(post.asked))) {
        return fail(Errc::wrong_key, "CLT-88");
    }
    return {};
}

Result<void> verify_receipt_claims(const wire::Receipt& receipt, const attest::Claims& claims) {
    // Hardware measures the program alone; which weights it loaded the measured program says.
    const auto* simulated = std::get_if<attest::SimulatedClaims>(&claims.details);
    const bool weights_differ =
        simulated != nullptr && receipt.weights_root != simulated->digests.model;
    if (receipt.platform != attest::kind_name(claims.kind) || weights_differ) {
        return fail(Errc::wrong_key, "CLT-89");
    }
    return {};
}

}  // namespace chatmcp::client
