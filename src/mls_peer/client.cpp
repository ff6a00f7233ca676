#include "mls_peer/client.h"

namespace chatmcp::mls_peer {
namespace {

constexpr std::uint16_t kBasicCredential = 1;
constexpr std::uint32_t kPaddingMaxBytes = 1U << 20U;
constexpr std::uint32_t kPastEpochsMax = 1000;

}  // namespace

Result<void> NoRules::check_leaf(const mls::LeafView& /*next*/,
                                 const mls::LeafView* /*current*/,
                                 const mls::GroupView& /*group*/) const {
    return {};
}

Result<void> NoRules::check_commit(const mls::Change& /*change*/,
                                   const mls::GroupView& /*before*/) const {
    return {};
}

Result<void> TrustAll::check(const mls::LeafView& /*next*/,
                             const mls::LeafView* /*current*/,
                             const mls::GroupView& /*group*/,
                             const mls::Arrival& /*arrival*/) const {
    return {};
}

Result<std::unique_ptr<Client>> Client::init(const std::string& name, const Fields& fields) {
    Settings settings{};
    CHATMCP_TRY(const std::uint32_t suite, fields.number("suite"));
    if (suite > 0xffff) {
        return fail(Errc::unsupported, "MLS-02");
    }
    CHATMCP_TRY(settings.suite, mls::cipher_suite(static_cast<std::uint16_t>(suite)));
    CHATMCP_TRY(const std::uint32_t type, fields.number("credential_type", kBasicCredential));
    if (type > 0xffff) {
        return fail(Errc::malformed, "PEER-02");
    }
    settings.credential.type = static_cast<std::uint16_t>(type);
    CHATMCP_TRY(settings.credential.data, fields.bytes("identity", as_bytes(name)));
    CHATMCP_TRY(settings.credential_types, fields.u16_list("credentials"));
    CHATMCP_TRY(settings.extension_types, fields.u16_list("extensions"));
    CHATMCP_TRY(settings.proposal_types, fields.u16_list("proposals"));
    CHATMCP_TRY(settings.leaf_extensions, fields.extensions("leaf_extensions"));
    CHATMCP_TRY(const std::string wire, fields.text("wire", "private"));
    if (wire != "private" && wire != "public") {
        return fail(Errc::malformed, "PEER-02");
    }
    settings.public_handshakes = wire == "public";
    CHATMCP_TRY(const std::uint32_t padding, fields.number("padding", 0));
    CHATMCP_TRY(const std::uint32_t past, fields.number("past_epochs", 3));
    if (padding > kPaddingMaxBytes || past > kPastEpochsMax) {
        return fail(Errc::malformed, "PEER-02");
    }
    settings.padded_bytes = padding;
    settings.limits.past_epochs_max = past;
    return std::unique_ptr<Client>(new Client(std::move(settings)));
}

Client::Client(Settings settings)
    : settings_(std::move(settings)),
      environment_{.rules = rules_,
                   .trust = trust_,
                   .random = random_,
                   .limits = settings_.limits,
                   .experimental_suites = true} {}

Client::Action Client::action_of(std::string_view command) {
    static const std::map<std::string_view, Action> actions = {
        {"new_key_package", &Client::new_key_package},
        {"create_group", &Client::create_group},
        {"add", &Client::commit},
        {"remove", &Client::commit},
        {"update", &Client::commit},
        {"commit", &Client::commit},
        {"apply_pending", &Client::apply_pending},
        {"discard_pending", &Client::discard_pending},
        {"join", &Client::join},
        {"external_join", &Client::external_join},
        {"propose_add", &Client::propose_add},
        {"propose_remove", &Client::propose_remove},
        {"propose_update", &Client::propose_update},
        {"propose_psk", &Client::propose_psk},
        {"propose_leave", &Client::propose_leave},
        {"store_psk", &Client::store_psk},
        {"send", &Client::send},
        {"recv", &Client::receive},
        {"export", &Client::export_secret},
        {"state", &Client::state},
        {"members", &Client::members},
        {"ratchet_tree", &Client::ratchet_tree},
        {"group_info", &Client::group_info},
        {"epoch_authenticator", &Client::epoch_authenticator},
    };
    const auto found = actions.find(command);
    return found == actions.end() ? nullptr : found->second;
}

Result<Json> Client::run(std::string_view command, const Fields& fields) {
    const Action action = action_of(command);
    if (action == nullptr) {
        return fail(Errc::unsupported, "PEER-04");
    }
    CHATMCP_TRY(const auto transaction, store_.begin());
    auto result = (this->*action)(*transaction, fields);
    if (result.has_value()) {
        CHATMCP_TRY_VOID(transaction->commit());
        return result;
    }
    // What was written is dropped with the transaction, and so is every object that wrote it: the
    // next command reads its group from the store again.
    groups_.clear();
    return result;
}

Result<mls::Group*> Client::group(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(const Bytes id, fields.bytes("group", last_group_));
    if (const auto loaded = groups_.find(id); loaded != groups_.end()) {
        return &loaded->second;
    }
    auto stored = mls::Group::load(environment_, transaction, id);
    if (!stored.has_value()) {
        return fail(Errc::not_found, "PEER-05");
    }
    return &groups_.emplace(id, *std::move(stored)).first->second;
}

}  // namespace chatmcp::mls_peer
