#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/random.h"
#include "mls/group.h"
#include "mls_peer/fields.h"
#include "store/memory_key_value.h"

namespace chatmcp::mls_peer {

/// Everything passes that RFC 9420 lets pass.
class NoRules final : public mls::Rules {
  public:
    [[nodiscard]] Result<void> check_leaf(const mls::LeafView& next,
                                          const mls::LeafView* current,
                                          const mls::GroupView& group) const override;
    [[nodiscard]] Result<void> check_commit(const mls::Change& change,
                                            const mls::GroupView& before) const override;
};
/// Everybody is who he says he is.
class TrustAll final : public mls::Trust {
  public:
    [[nodiscard]] Result<void> check(const mls::LeafView& next,
                                     const mls::LeafView* current,
                                     const mls::GroupView& group,
                                     const mls::Arrival& arrival) const override;
};

/// One client with its store and its groups. Commands: docs/mls-peer.md.
class Client {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Client>> init(const std::string& name,
                                                              const Fields& fields);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() = default;

    /// Errors: unsupported (PEER-04) no such command; not_found (PEER-05) no such group; those of
    ///         mls/group.h. The group is what it was after each of them.
    [[nodiscard]] Result<Json> run(std::string_view command, const Fields& fields);

  private:
    struct Settings {
        mls::CipherSuite suite;
        mls::Credential credential;
        std::vector<std::uint16_t> credential_types;
        std::vector<std::uint16_t> extension_types;
        std::vector<std::uint16_t> proposal_types;
        mls::Extensions leaf_extensions;
        bool public_handshakes = false;
        std::size_t padded_bytes = 0;
        mls::Limits limits;
    };
    explicit Client(Settings settings);

    using Action = Result<Json> (Client::*)(Transaction&, const Fields&);
    [[nodiscard]] static Action action_of(std::string_view command);
    [[nodiscard]] Result<mls::Group*> group(Transaction& transaction, const Fields& fields);
    [[nodiscard]] mls::LeafSetup leaf_setup();
    Json enter(mls::Group group);
    [[nodiscard]] Result<Json> committed(Transaction& transaction,
                                         mls::Group& group,
                                         const mls::Plan& plan,
                                         bool apply);
    [[nodiscard]] Result<Json> proposed(Transaction& transaction,
                                        const Fields& fields,
                                        mls::Plan plan);

    Result<Json> new_key_package(Transaction& transaction, const Fields& fields);
    Result<Json> create_group(Transaction& transaction, const Fields& fields);
    Result<Json> commit(Transaction& transaction, const Fields& fields);
    Result<Json> apply_pending(Transaction& transaction, const Fields& fields);
    Result<Json> discard_pending(Transaction& transaction, const Fields& fields);
    Result<Json> join(Transaction& transaction, const Fields& fields);
    Result<Json> external_join(Transaction& transaction, const Fields& fields);
    Result<Json> propose_add(Transaction& transaction, const Fields& fields);
    Result<Json> propose_remove(Transaction& transaction, const Fields& fields);
    Result<Json> propose_update(Transaction& transaction, const Fields& fields);
    Result<Json> propose_psk(Transaction& transaction, const Fields& fields);
    Result<Json> propose_leave(Transaction& transaction, const Fields& fields);
    Result<Json> store_psk(Transaction& transaction, const Fields& fields);
    Result<Json> send(Transaction& transaction, const Fields& fields);
    Result<Json> receive(Transaction& transaction, const Fields& fields);
    Result<Json> export_secret(Transaction& transaction, const Fields& fields);
    Result<Json> state(Transaction& transaction, const Fields& fields);
    Result<Json> members(Transaction& transaction, const Fields& fields);
    Result<Json> ratchet_tree(Transaction& transaction, const Fields& fields);
    Result<Json> group_info(Transaction& transaction, const Fields& fields);
    Result<Json> epoch_authenticator(Transaction& transaction, const Fields& fields);

    Settings settings_;
    store::MemoryKeyValue store_;
    NoRules rules_;
    TrustAll trust_;
    crypto::SystemRandom random_;
    mls::Environment environment_;
    std::map<Bytes, mls::Group, BytesLess> groups_;
    std::map<Bytes, bool, BytesLess> tree_in_welcome_;  // By group, where it was created here.
    Bytes last_group_;
};

}  // namespace chatmcp::mls_peer
