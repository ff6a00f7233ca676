#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sign.h"
#include "mls/group.h"
#include "wire/delivery.h"

namespace chatmcp::client {

// A group's right to its topic (DESIGN 5): every epoch has an Ed25519 key that only its members can
// derive, and every request about the topic is signed with it. The relay learns that a member acts,
// and not which. For clients and enclaves alike.

/// Exporter of the admission key's seed. Spec: RFC 9420 section 8.5.
inline constexpr std::string_view kAdmissionLabel = "chatmcp admission";

/// Of the group's current epoch.
[[nodiscard]] Result<crypto::SigningKey> admission_key(const mls::Group& group);
/// Of the epoch that a staged commit makes. Precondition (checked): something is staged.
[[nodiscard]] Result<crypto::SigningKey> staged_admission_key(const mls::Group& group);
/// Public key of the epoch that somebody else's commit makes.
[[nodiscard]] Result<wire::Ed25519Key> next_admission_key(const mls::Incoming& incoming);

/// The one topic of one group at one relay; makes the requests about it, signed.
struct TopicAddress {
    wire::Ed25519Key relay_key{};
    wire::TopicId topic{};
};
[[nodiscard]] TopicAddress topic_address(const wire::Ed25519Key& relay_key, ByteView group_id);

/// `group_info`: of a group whose handshakes are public, else empty.
[[nodiscard]] wire::CreateTopic create_topic(const TopicAddress& at,
                                             const crypto::SigningKey& first_epoch_key,
                                             Bytes group_info);
[[nodiscard]] wire::PublishBundle publish_bundle(const TopicAddress& at,
                                                 const crypto::SigningKey& key,
                                                 const mls::Bundle& bundle,
                                                 const wire::Ed25519Key& next_admission_key,
                                                 std::vector<wire::WelcomeDelivery> welcomes);
/// The same bundle with other passes.
[[nodiscard]] wire::PublishBundle signed_again(const crypto::SigningKey& key,
                                               wire::PublishBundle bundle);
[[nodiscard]] wire::PublishMessage publish_message(const TopicAddress& at,
                                                   const crypto::SigningKey& key,
                                                   std::uint64_t epoch,
                                                   Bytes payload);
[[nodiscard]] wire::ReadTopic read_topic(const TopicAddress& at,
                                         const crypto::SigningKey& key,
                                         std::uint64_t epoch,
                                         std::uint64_t after,
                                         Bytes challenge);
[[nodiscard]] wire::SubscribeTopic subscribe_topic(const TopicAddress& at,
                                                   const crypto::SigningKey& key,
                                                   std::uint64_t epoch,
                                                   std::uint64_t after,
                                                   Bytes challenge);

/// Proof that the relay gave this commit this slot: its signature, over this topic, epoch, commit
/// and sequence. What the next admission key has to be only a member can say: check_admission_key.
///
/// Errors: equivocation (CLT-22) another relay's key or a bad signature, (CLT-23) a proof for
///         another topic, epoch, commit or sequence.
[[nodiscard]] Result<void> verify_acceptance(const wire::Acceptance& acceptance,
                                             const TopicAddress& at,
                                             std::uint64_t epoch,
                                             ByteView commit,
                                             std::uint64_t sequence);
/// Errors: invalid_argument (CLT-24): members would be locked out of the next epoch, so the commit
/// is
///         invalid.
[[nodiscard]] Result<void> check_admission_key(const wire::Acceptance& acceptance,
                                               const wire::Ed25519Key& expected);

}  // namespace chatmcp::client
