#include "client/admission.h"

#include <utility>

#include "crypto/hash.h"
#include "wire/labelled_sign.h"

namespace chatmcp::client {

Result<crypto::SigningKey> admission_key(const mls::Group& group) {
    CHATMCP_TRY(const SecretBytes seed,
                group.export_secret(kAdmissionLabel, {}, crypto::kEd25519SeedBytes));
    return crypto::SigningKey::from_seed(seed.view());
}

Result<crypto::SigningKey> staged_admission_key(const mls::Group& group) {
    CHATMCP_TRY(const SecretBytes seed,
                group.export_staged(kAdmissionLabel, {}, crypto::kEd25519SeedBytes));
    return crypto::SigningKey::from_seed(seed.view());
}

Result<wire::Ed25519Key> next_admission_key(const mls::Incoming& incoming) {
    CHATMCP_TRY(const SecretBytes seed,
                incoming.export_next(kAdmissionLabel, {}, crypto::kEd25519SeedBytes));
    return crypto::SigningKey::from_seed(seed.view()).public_key();
}

TopicAddress topic_address(const wire::Ed25519Key& relay_key, ByteView group_id) {
    return {relay_key, wire::topic_of(group_id)};
}

namespace {

template <class Request>
Request signed_with(const crypto::SigningKey& key, Request request) {
    request.signature =
        to_array<crypto::kEd25519SignatureBytes>(wire::sign(key, request.admission()));
    return request;
}

}  // namespace

wire::CreateTopic create_topic(const TopicAddress& at,
                               const crypto::SigningKey& first_epoch_key,
                               Bytes group_info) {
    return signed_with(first_epoch_key,
                       wire::CreateTopic{.relay_key = at.relay_key,
                                         .topic = at.topic,
                                         .admission_key = first_epoch_key.public_key(),
                                         .group_info = std::move(group_info),
                                         .signature = {}});
}

wire::PublishBundle publish_bundle(const TopicAddress& at,
                                   const crypto::SigningKey& key,
                                   const mls::Bundle& bundle,
                                   const wire::Ed25519Key& next_admission_key,
                                   std::vector<wire::WelcomeDelivery> welcomes) {
    return signed_with(key,
                       wire::PublishBundle{.relay_key = at.relay_key,
                                           .topic = at.topic,
                                           .epoch = bundle.epoch.value,
                                           .commit = bundle.commit,
                                           .next_admission_key = next_admission_key,
                                           .welcomes = std::move(welcomes),
                                           .signature = {}});
}

wire::PublishBundle signed_again(const crypto::SigningKey& key, wire::PublishBundle bundle) {
    return signed_with(key, std::move(bundle));
}

wire::PublishMessage publish_message(const TopicAddress& at,
                                     const crypto::SigningKey& key,
                                     std::uint64_t epoch,
                                     Bytes payload) {
    return signed_with(key,
                       wire::PublishMessage{.relay_key = at.relay_key,
                                            .topic = at.topic,
                                            .epoch = epoch,
                                            .payload = std::move(payload),
                                            .signature = {}});
}

wire::ReadTopic read_topic(const TopicAddress& at,
                           const crypto::SigningKey& key,
                           std::uint64_t epoch,
                           std::uint64_t after,
                           Bytes challenge) {
    return signed_with(key,
                       wire::ReadTopic{.relay_key = at.relay_key,
                                       .topic = at.topic,
                                       .epoch = epoch,
                                       .after = after,
                                       .limit = wire::kReadLimitMax,
                                       .challenge = std::move(challenge),
                                       .signature = {}});
}

wire::SubscribeTopic subscribe_topic(const TopicAddress& at,
                                     const crypto::SigningKey& key,
                                     std::uint64_t epoch,
                                     std::uint64_t after,
                                     Bytes challenge) {
    return signed_with(key,
                       wire::SubscribeTopic{.relay_key = at.relay_key,
                                            .topic = at.topic,
                                            .epoch = epoch,
                                            .after = after,
                                            .challenge = std::move(challenge),
                                            .signature = {}});
}

Result<void> verify_acceptance(const wire::Acceptance& acceptance,
                               const TopicAddress& at,
                               std::uint64_t epoch,
                               ByteView commit,
                               std::uint64_t sequence) {
    // The key first: a valid signature by a relay that is not this group's sequencer proves
    // nothing.
    if (acceptance.relay_key != at.relay_key ||
        !wire::verify(at.relay_key, acceptance, acceptance.signature).has_value()) {
        return fail(Errc::equivocation, "CLT-22");
    }
    if (acceptance.topic != at.topic || acceptance.epoch != epoch ||
        acceptance.commit_hash != crypto::sha256(commit) || acceptance.sequence != sequence) {
        return fail(Errc::equivocation, "CLT-23");
    }
    return {};
}

Result<void> check_admission_key(const wire::Acceptance& acceptance,
                                 const wire::Ed25519Key& expected) {
    if (acceptance.next_admission_key != expected) {
        return fail(Errc::invalid_argument, "CLT-24");
    }
    return {};
}

}  // namespace chatmcp::client
