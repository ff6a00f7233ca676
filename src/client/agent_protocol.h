#pragma once

#include "attest/evidence.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hpke.h"
#include "crypto/random.h"
#include "identity/credential.h"
#include "mls/group.h"
#include "wire/components.h"
#include "wire/content.h"

namespace chatmcp::client {

// What people's clients and agents' enclaves do the same way (DESIGN 8 and 9): how a key package is
// asked for, how an agent renews itself, what a receipt must hold.

/// HPKE `info` of a request for a key package and of its answer; no associated data.
inline constexpr std::string_view kKeyPackageRequestInfo = "chatmcp kp_request";
inline constexpr std::string_view kKeyPackageReplyInfo = "chatmcp kp_reply";

/// The inbox payload: wire::SealedToInbox over the encoded structure. Errors: those of hpke_seal.
[[nodiscard]] Result<Bytes> seal_request(const wire::KeyPackageRequest& request,
                                         const ByteArray<32>& agent_hpke_key,
                                         crypto::Random& random);
[[nodiscard]] Result<Bytes> seal_reply(const wire::KeyPackageReply& reply,
                                       const ByteArray<32>& reply_key,
                                       crypto::Random& random);
/// Errors: cannot_open (CRY-01); those of the structures' read().
[[nodiscard]] Result<wire::KeyPackageRequest> open_request(ByteView payload,
                                                           const crypto::HpkePrivateKey& key);
[[nodiscard]] Result<wire::KeyPackageReply> open_reply(ByteView payload,
                                                       const crypto::HpkePrivateKey& key);

/// The nonce that an agent's renewal has to be made over: MLS-Exporter("chatmcp evidence", leaf
/// index (4 bytes, big-endian), 32) of the epoch that its Update ends.
[[nodiscard]] Result<ByteArray<32>> renewal_nonce(const mls::Group& group, mls::LeafIndex agent);

/// An agent's Update commit (a PublicMessage) as it goes into the topic: random nonce[12] ||
/// ChaCha20-Poly1305 under MLS-Exporter("chatmcp agent update", "", 32) of the epoch that it ends,
/// associated data the group id. No ratchet key is spent.
[[nodiscard]] Result<Bytes> seal_agent_update(const mls::Group& group,
                                              ByteView commit,
                                              crypto::Random& random);
/// The other members' half. Errors: cannot_open (CLT-71).
[[nodiscard]] Result<Bytes> open_agent_update(const mls::Group& group, ByteView payload);
/// Whether a payload is a PrivateMessage as it stands. Anything else in a topic is sealed whole.
[[nodiscard]] bool is_private_message(ByteView payload);

/// HMAC-SHA-256 of the companion's id and of the answer, as a receipt commits to them.
[[nodiscard]] wire::Digest companion_commitment(const wire::CommitmentKeys& keys,
                                                const wire::GroupId& companion);
[[nodiscard]] wire::Digest output_commitment(const wire::CommitmentKeys& keys,
                                             const wire::AnswerText& answer);

/// An agent's leaf as it is shown to people outside the companion: its credential, its delegation
/// by the enclave key, its evidence. Everything about it that needs neither group nor policy is
/// verified.
struct ShownAgentLeaf {
    mls::LeafView leaf;
    identity::AgentCredential credential;
    wire::EvidenceComponent evidence;
};
/// Errors: malformed, untrusted_identity (CLT-84) it is not an agent's leaf delegated to this
///         companion and named by this grant digest; those of identity::verify_….
[[nodiscard]] Result<ShownAgentLeaf> verify_shown_leaf(ByteView encoded_leaf,
                                                       const wire::GroupId& companion,
                                                       const wire::Digest& credential_digest);

/// What a receipt must hold for everybody who has the answer, the grant and the agent's leaf.
///
/// Errors: bad_signature (CLT-86) the receipt's; wrong_key (CLT-87) a commitment that does not
/// open,
///         (CLT-88) another grant, (CLT-89) other evidence, measurement or configuration.
[[nodiscard]] Result<void> verify_receipt(const wire::Receipt& receipt,
                                          const wire::AnswerText& answer,
                                          const wire::CommitmentKeys& keys,
                                          const wire::GroupId& companion,
                                          const wire::Grant& grant,
                                          const ShownAgentLeaf& agent);
/// A posted answer: its receipt, and that the question and asker shown are those of the receipt.
/// Errors: those of verify_receipt; wrong_key (CLT-88) another question or asker.
[[nodiscard]] Result<void> verify_answer_post(const wire::AnswerPost& post,
                                              const wire::Grant& grant,
                                              const ShownAgentLeaf& agent);
/// What a receipt says of platform and model against what the evidence says.
/// Errors: wrong_key (CLT-89).
[[nodiscard]] Result<void> verify_receipt_claims(const wire::Receipt& receipt,
                                                 const attest::Claims& claims);

}  // namespace chatmcp::client
