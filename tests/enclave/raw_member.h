#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/rules.h"
#include "client/world.h"
#include "enclave/rig.h"
#include "mls/group.h"

namespace chatmcp::testing {

/// What a companion is made with. As it stands it is one that an enclave joins.
struct CompanionPlan {
    wire::Grant grant;  // The credential's digest is filled in.
    bool development = true;
    std::optional<wire::Ed25519Key> root_key;       // Another development root than the enclave's.
    std::optional<wire::Ed25519Key> sequencer_key;  // Another relay than the one that is used.
    std::optional<wire::GroupId> other_group;       // The package is asked for this group instead.
};

/// A person in a companion who uses keys by hand: says what no client of ours says.
class RawMember {
  public:
    RawMember(World& world, const std::string& name);

    /// Ask the enclave for a key package, make a companion with it and put both before the relay.
    void found(EnclaveRig& rig, CompanionPlan plan);
    /// Another person joins the companion of this one.
    void bring(RawMember& other);
    void remove(const RawMember& other);
    void remove_agent();
    /// Commit nothing but a new leaf of our own.
    void commit();
    /// The same with a next admission key that no member can derive.
    void commit_that_locks_out();
    /// Give an epoch's slot to something that nobody can follow.
    void publish_commit(Bytes commit, const wire::Ed25519Key& next_admission_key);

    /// The sequence that it got.
    std::uint64_t say(wire::ContentType type, Bytes body);
    std::uint64_t say_raw(Bytes payload);
    std::uint64_t ask(const std::string& text, wire::Scope scope = wire::Scope::answer);
    /// Copy words of ours from the conversation.
    std::uint64_t copy(std::uint64_t position, const std::string& text);

    /// What others have said since the last call; commits are followed.
    [[nodiscard]] std::vector<wire::Content> read();
    /// Of what `read` brings: refusals' checks and answers' texts.
    [[nodiscard]] std::vector<std::string> read_last_words();

    [[nodiscard]] const wire::GroupId& id() const { return id_; }
    [[nodiscard]] std::uint64_t epoch() const { return group_->view().epoch().value; }
    [[nodiscard]] std::string account() const;
    [[nodiscard]] wire::WelcomeDelivery last_welcome() const { return welcome_; }

  private:
    /// What the enclave makes of it is the question, not what an honest client does.
    class AnyRules final : public mls::Rules {
      public:
        Result<void> check_leaf(const mls::LeafView&,
                                const mls::LeafView*,
                                const mls::GroupView&) const override {
            return {};
        }
        Result<void> check_commit(const mls::Change&, const mls::GroupView&) const override {
            return {};
        }
    };
    class AnyTrust final : public mls::Trust {
      public:
        Result<void> check(const mls::LeafView&,
                           const mls::LeafView*,
                           const mls::GroupView&,
                           const mls::Arrival&) const override {
            return {};
        }
    };

    Bytes package_from(EnclaveRig& rig, const wire::GroupId& group);
    mls::LeafSetup leaf(ByteView group_id) const;
    /// Stage, publish, confirm; Welcomes go to these inboxes.
    mls::Bundle commit_plan(const mls::Plan& plan, const std::vector<wire::InboxId>& inboxes = {});
    [[nodiscard]] Bytes challenge() const;

    World& world_;
    crypto::SigningKey wallet_;
    crypto::SigningKey root_;
    AnyRules rules_;
    AnyTrust trust_;
    mls::Environment environment_;
    store::MemoryKeyValue store_;
    std::optional<mls::Group> group_;
    wire::GroupId id_{};
    wire::GroupId conversation_{};
    wire::WelcomeDelivery welcome_;
    std::uint64_t cursor_ = 0;
};

}  // namespace chatmcp::testing
