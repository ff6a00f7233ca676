#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "client/rules.h"
#include "client/world.h"
#include "crypto/hpke.h"
#include "identity/credential.h"
#include "mls/group.h"
#include "wire/evidence.h"

namespace chatmcp::testing {

/// An agent on the simulated platform, as the enclave behaves towards its companions, without
/// sandbox and model: it proves itself, joins, keeps what is copied to it, answers with receipts
/// and renews itself.
class Agent {
  public:
    explicit Agent(World& world);

    /// Put the entry into the directory.
    void publish();
    /// Answer requests for key packages, join, read every companion and answer every question.
    void serve();
    /// Renew evidence and leaf key in a companion. `honest`: over the epoch's nonce.
    void renew(const client::ChatId& companion, bool honest = true);

    [[nodiscard]] wire::Ed25519Key enclave_key() const { return enclave_.public_key(); }
    [[nodiscard]] wire::Digest root_fingerprint() const {
        return wire::root_fingerprint(root_.public_key());
    }
    /// Texts that were copied, by author and position.
    struct Copied {
        std::string author;
        std::uint64_t position = 0;
        std::string text;
    };
    [[nodiscard]] std::vector<Copied> copied(const client::ChatId& companion) const;
    /// That it is still in.
    [[nodiscard]] std::size_t companions() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            companions_, [](const auto& each) { return !each.second.removed; }));
    }
    [[nodiscard]] std::size_t frames() const { return frames_; }

    /// What the next answer gets wrong: 0 nothing, 1 signature, 2 output, 3 grant, 4 measurement.
    int next_answer_fault = 0;
    bool refuses = false;
    /// What the next key package gets wrong: 0 nothing, 1 nonce, 2 another configuration.
    int next_package_fault = 0;

  private:
    struct Companion {
        mls::Group group;
        std::uint64_t cursor = 0;
        crypto::SigningKey leaf_key;
        Bytes evidence;
        wire::Ed25519Key relay_key{};
        std::uint64_t answers = 0;
        bool removed = false;
        std::vector<Copied> copied;
        std::vector<wire::MessageId> inputs;
    };
    class NoTrust final : public mls::Trust {
      public:
        Result<void> check(const mls::LeafView&,
                           const mls::LeafView*,
                           const mls::GroupView&,
                           const mls::Arrival&) const override {
            return {};
        }
    };

    Bytes login();
    Bytes challenge();
    Bytes quote(const wire::GroupId& group,
                const ByteArray<32>& nonce,
                const crypto::SigningKey& leaf_key) const;
    mls::LeafSetup leaf(const wire::GroupId& group,
                        const ByteArray<32>& nonce,
                        crypto::SigningKey leaf_key,
                        Bytes evidence) const;
    void answer_request(const wire::InboxItem& item);
    void join(const wire::InboxItem& item);
    void read(const client::ChatId& id, Companion& companion);
    void take(const client::ChatId& id,
              Companion& companion,
              const mls::ApplicationMessage& message);
    void answer(const client::ChatId& id,
                Companion& companion,
                mls::LeafIndex asker,
                const wire::MessageId& question);
    void publish(Companion& companion, wire::ContentType type, Bytes body);

    World& world_;
    crypto::SigningKey enclave_;
    crypto::SigningKey operator_;
    crypto::SigningKey root_;
    crypto::HpkePrivateKey hpke_;
    identity::AgentCredential credential_;
    wire::MeasuredDigests digests_;
    client::ConversationRules rules_;
    NoTrust trust_;
    mls::Environment environment_;
    store::MemoryKeyValue store_;
    std::map<client::ChatId, std::pair<crypto::SigningKey, Bytes>> offered_;
    std::map<client::ChatId, Companion> companions_;
    std::uint64_t inbox_cursor_ = 0;
    std::size_t frames_ = 0;
};

}  // namespace chatmcp::testing
