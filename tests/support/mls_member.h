#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "crypto/random.h"
#include "mls/group.h"
#include "support/memory_transaction.h"
#include "support/random.h"

namespace chatmcp::testing {

/// Rules that let everything pass that RFC 9420 lets pass. For tests of mls alone.
class NoRules final : public mls::Rules {
  public:
    [[nodiscard]] Result<void> check_leaf(const mls::LeafView& /*next*/,
                                          const mls::LeafView* /*current*/,
                                          const mls::GroupView& /*group*/) const override {
        return {};
    }
    [[nodiscard]] Result<void> check_commit(const mls::Change& /*change*/,
                                            const mls::GroupView& /*before*/) const override {
        return {};
    }
};

/// Trust in everybody.
class TrustAll final : public mls::Trust {
  public:
    [[nodiscard]] Result<void> check(const mls::LeafView& /*next*/,
                                     const mls::LeafView* /*current*/,
                                     const mls::GroupView& /*group*/,
                                     const mls::Arrival& /*arrival*/) const override {
        return {};
    }
};

inline constexpr std::uint16_t kBasicCredential = 1;
inline constexpr auto kTestSuite = mls::CipherSuite::x25519_chacha20poly1305_sha256_ed25519;

/// All suites, the experimental one too.
inline constexpr mls::CipherSuite kTestedSuites[] = {
    mls::CipherSuite::x25519_aes128gcm_sha256_ed25519,
    mls::CipherSuite::p256_aes128gcm_sha256_p256,
    mls::CipherSuite::x25519_chacha20poly1305_sha256_ed25519,
    mls::CipherSuite::p521_aes256gcm_sha512_p521,
    mls::CipherSuite::p384_aes256gcm_sha384_p384,
    mls::CipherSuite::mlkem768x25519_aes256gcm_sha384_ed25519,
};

/// A member of MLS groups with a store of its own, so that every step can be taken from a reload.
struct MlsMember {
    /// `drawn_from`: randomness from elsewhere instead of the seeded one; it outlives the member.
    explicit MlsMember(std::string member_name,
                       std::uint64_t seed,
                       mls::Limits limits = {},
                       crypto::Random* drawn_from = nullptr)
        : name(std::move(member_name)),
          random(seed),
          environment{rules, trust, drawn_from != nullptr ? *drawn_from : random, limits} {
        environment.experimental_suites = true;
    }
    MlsMember(const MlsMember&) = delete;
    MlsMember& operator=(const MlsMember&) = delete;

    /// Of the member's suite, unless told otherwise; so are all that follow.
    [[nodiscard]] mls::LeafSetup setup(std::optional<mls::CipherSuite> of = {}) {
        return mls::LeafSetup{
            .credential = {kBasicCredential, to_bytes(as_bytes(name))},
            .signature_key = mls::SignatureKey::generate(of.value_or(suite), random),
            .components = leaf_components,
        };
    }
    [[nodiscard]] mls::KeyPackageMade key_package(std::optional<mls::CipherSuite> of = {},
                                                  bool last_resort = false) {
        MemoryTransaction transaction(store);
        auto made = mls::make_key_package(environment,
                                          transaction,
                                          of.value_or(suite),
                                          setup(of),
                                          mls::Lifetime{0, ~std::uint64_t{0}},
                                          last_resort);
        static_cast<void>(transaction.commit());
        return made.value();
    }
    /// One step in a transaction of its own, committed if the step succeeded. On failure the group
    /// object is dropped if anything had been written, as the contract says.
    template <class Step>
    auto step(Step step_of) {
        MemoryTransaction transaction(store);
        auto result = step_of(transaction);
        if (result.has_value()) {
            static_cast<void>(transaction.commit());
        }
        return result;
    }
    Result<void> create(Bytes group_id,
                        std::vector<mls::Component> components = {},
                        std::optional<mls::CipherSuite> of = {}) {
        return step([&](Transaction& transaction) -> Result<void> {
            CHATMCP_TRY(mls::Group made,
                        mls::Group::create(environment,
                                           transaction,
                                           mls::GroupSpec{of.value_or(suite), group_id, components},
                                           setup(of),
                                           arrival));
            group = std::move(made);
            return {};
        });
    }
    Result<void> join(ByteView welcome) {
        return step([&](Transaction& transaction) -> Result<void> {
            CHATMCP_TRY(mls::Group made,
                        mls::Group::join(environment, transaction, welcome, arrival));
            group = std::move(made);
            return {};
        });
    }
    /// Join by an external commit, with a leaf of `setup`.
    Result<mls::Bundle> join_external(ByteView group_info,
                                      std::optional<mls::LeafIndex> resync = std::nullopt,
                                      std::vector<Bytes> external_psks = {},
                                      std::optional<mls::CipherSuite> of = {}) {
        return step([&](Transaction& transaction) -> Result<mls::Bundle> {
            CHATMCP_TRY(auto made,
                        mls::Group::join_external(environment,
                                                  transaction,
                                                  mls::ExternalJoin{.own = setup(of),
                                                                    .group_info = group_info,
                                                                    .resync = resync,
                                                                    .external_psks = external_psks},
                                                  arrival));
            group = std::move(made.first);
            return std::move(made.second);
        });
    }
    Result<void> store_psk(ByteView id, ByteView secret) {
        return step([&](Transaction& t) { return mls::store_external_psk(t, id, secret); });
    }
    /// Drop the object and load it again from the store.
    Result<void> reload() {
        const Bytes group_id = to_bytes(group->view().group_id());
        group.reset();
        MemoryTransaction transaction(store);
        CHATMCP_TRY(mls::Group made, mls::Group::load(environment, transaction, group_id));
        group = std::move(made);
        return {};
    }
    Result<Bytes> propose(mls::Plan plan) {
        return step([&](Transaction& t) { return group->propose(t, std::move(plan)); });
    }
    Result<Bytes> propose_leave() { return propose({.remove = {group->view().own_index()}}); }
    Result<mls::Bundle> stage(const mls::Plan& plan) {
        return step([&](Transaction& t) { return group->stage(t, plan, arrival); });
    }
    Result<mls::Change> confirm() {
        return step([&](Transaction& t) { return group->confirm(t); });
    }
    Result<void> discard() {
        return step([&](Transaction& t) { return group->discard(t); });
    }
    Result<Bytes> encrypt(std::string_view text, std::size_t padded_bytes = 0) {
        return step(
            [&](Transaction& t) { return group->encrypt(t, as_bytes(text), {}, padded_bytes); });
    }
    Result<mls::Received> receive(ByteView message) {
        return step([&](Transaction& t) { return group->receive(t, message, arrival); });
    }
    /// Receive a commit and apply it.
    Result<mls::Change> follow(ByteView commit) {
        return step([&](Transaction& t) -> Result<mls::Change> {
            CHATMCP_TRY(mls::Received received, group->receive(t, commit, arrival));
            auto* incoming = std::get_if<mls::Incoming>(&received);
            if (incoming == nullptr) {
                return fail(Errc::internal, "not a commit of somebody else");
            }
            mls::Change change = incoming->change();
            CHATMCP_TRY_VOID(incoming->apply(t));
            return change;
        });
    }

    std::string name;
    mls::CipherSuite suite = kTestSuite;
    std::vector<mls::Component> leaf_components;  // Of every leaf that setup() makes.
    SeededRandom random;
    NoRules rules;
    TrustAll trust;
    MemoryStore store;
    mls::Environment environment;
    mls::Arrival arrival{UnixMs{1'790'000'000'000}};
    std::optional<mls::Group> group;
};

}  // namespace chatmcp::testing
