// What each command does (docs/mls-peer.md).

#include <algorithm>
#include <iterator>

#include "base/encoding.h"
#include "mls/framing.h"
#include "mls/welcome.h"
#include "mls_peer/client.h"

namespace chatmcp::mls_peer {
namespace {

constexpr std::size_t kGroupIdBytes = 32;
constexpr std::uint32_t kExportBytes = 32;
constexpr std::uint32_t kExportMaxBytes = 8160;  // 255 hashes of the smallest kind.
/// Nothing here depends on a time: everybody is trusted.
constexpr mls::Arrival kArrival{UnixMs{0}};
constexpr mls::Lifetime kForever{0, ~std::uint64_t{0}};

Json state_of(const mls::Group& group) {
    const mls::GroupView& view = group.view();
    return {{"group_id", to_hex(view.group_id())},
            {"epoch", view.epoch().value},
            {"index", view.own_index().value},
            {"active", group.active()},
            {"members", view.member_count()},
            {"tree_hash", to_hex(view.tree_hash())},
            {"confirmed_transcript_hash", to_hex(view.confirmed_transcript_hash())},
            {"epoch_authenticator", to_hex(view.epoch_authenticator())}};
}

/// The Welcomes of one commit as the single message that RFC 9420 makes of them: all its members'
/// secrets beside one GroupInfo.
Result<Bytes> joined_welcome(const std::vector<mls::WelcomeFor>& welcomes) {
    std::optional<mls::Welcome> all;
    for (const mls::WelcomeFor& each : welcomes) {
        wire::Reader reader(each.welcome);
        CHATMCP_TRY_VOID(mls::read_message_header(reader));
        CHATMCP_TRY(mls::Welcome welcome, mls::Welcome::read(reader));
        if (!all.has_value()) {
            all = std::move(welcome);
            continue;
        }
        std::ranges::move(welcome.secrets, std::back_inserter(all->secrets));
    }
    return all.has_value() ? mls::encode_message(mls::WireFormat::welcome, *all) : Bytes();
}

/// The dictionary with some components set.
std::vector<mls::Component> with_components(std::vector<mls::Component> components,
                                            const mls::Extensions& changes) {
    for (const mls::Extension& change : changes) {
        std::erase_if(components, [&](const auto& c) { return c.id == change.type; });
        components.push_back({change.type, change.data});
    }
    std::ranges::sort(components, {}, &mls::Component::id);
    return components;
}

Json received_json(const mls::ApplicationMessage& message) {
    return {{"kind", "application"},
            {"text", to_text(message.data)},
            {"data", to_hex(message.data)},
            {"sender", message.sender.value},
            {"aad", to_hex(message.authenticated_data)}};
}

Json received_json(const mls::ProposalReceived& proposal) {
    Json json = {{"kind", "proposal"}};
    if (proposal.sender.has_value()) {
        json["sender"] = proposal.sender->value;
    }
    return json;
}

}  // namespace

mls::LeafSetup Client::leaf_setup() {
    return mls::LeafSetup{.credential = settings_.credential,
                          .signature_key = mls::SignatureKey::generate(settings_.suite, random_),
                          .components = {},
                          .credential_types = settings_.credential_types,
                          .extension_types = settings_.extension_types,
                          .proposal_types = settings_.proposal_types,
                          .extensions = settings_.leaf_extensions};
}

Json Client::enter(mls::Group group) {
    last_group_ = to_bytes(group.view().group_id());
    const auto [at, added] = groups_.insert_or_assign(last_group_, std::move(group));
    static_cast<void>(added);
    return state_of(at->second);
}

Result<Json> Client::new_key_package(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(const bool last_resort, fields.boolean("last_resort", false));
    CHATMCP_TRY(
        const auto made,
        mls::make_key_package(
            environment_, transaction, settings_.suite, leaf_setup(), kForever, last_resort));
    return Json{{"key_package", to_hex(made.key_package)}};
}

Result<Json> Client::create_group(Transaction& transaction, const Fields& fields) {
    mls::GroupSpec spec;
    spec.suite = settings_.suite;
    CHATMCP_TRY(spec.group_id, fields.bytes("group_id", random_.array<kGroupIdBytes>()));
    CHATMCP_TRY(spec.extensions, fields.extensions("group_extensions"));
    CHATMCP_TRY(const bool tree_in_welcome, fields.boolean("tree_in_welcome", true));
    CHATMCP_TRY(mls::Group group,
                mls::Group::create(environment_, transaction, spec, leaf_setup(), kArrival));
    tree_in_welcome_[spec.group_id] = tree_in_welcome;
    return enter(std::move(group));
}

Result<Json> Client::committed(Transaction& transaction,
                               mls::Group& group,
                               const mls::Plan& plan,
                               bool apply) {
    CHATMCP_TRY(const mls::Bundle bundle, group.stage(transaction, plan, kArrival));
    if (apply) {
        CHATMCP_TRY_VOID(group.confirm(transaction));
    }
    Json json = state_of(group);
    json["commit"] = to_hex(bundle.commit);
    if (!bundle.welcomes.empty()) {
        CHATMCP_TRY(const Bytes welcome, joined_welcome(bundle.welcomes));
        json["welcome"] = to_hex(welcome);
        if (!plan.tree_in_welcome) {
            json["ratchet_tree"] = to_hex(bundle.ratchet_tree);
        }
    }
    return json;
}

Result<Json> Client::commit(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    mls::Plan plan;
    CHATMCP_TRY(plan.add, fields.byte_list("key_packages"));
    CHATMCP_TRY(const auto indices, fields.numbers("indices"));
    for (const std::uint32_t index : indices) {
        plan.remove.push_back(mls::LeafIndex{index});
    }
    CHATMCP_TRY(plan.external_psks, fields.byte_list("psk_ids"));
    if (fields.has("group_extensions")) {
        CHATMCP_TRY(plan.extensions, fields.extensions("group_extensions"));
    }
    if (fields.has("app_data")) {
        CHATMCP_TRY(const auto changes, fields.extensions("app_data", "component"));
        plan.components = with_components(group->view().components(), changes);
    }
    CHATMCP_TRY(const std::string command, fields.text("cmd"));
    CHATMCP_TRY(plan.force_path, fields.boolean("path", command == "update"));
    CHATMCP_TRY(plan.include_pending, fields.boolean("stored", true));
    CHATMCP_TRY(const bool apply, fields.boolean("apply", true));
    plan.public_message = settings_.public_handshakes;
    const auto beside = tree_in_welcome_.find(to_bytes(group->view().group_id()));
    plan.tree_in_welcome = beside == tree_in_welcome_.end() || beside->second;
    return committed(transaction, *group, plan, apply);
}

Result<Json> Client::apply_pending(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    CHATMCP_TRY_VOID(group->confirm(transaction));
    return state_of(*group);
}

Result<Json> Client::discard_pending(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    CHATMCP_TRY_VOID(group->discard(transaction));
    return state_of(*group);
}

Result<Json> Client::join(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(const Bytes welcome, fields.bytes("welcome"));
    CHATMCP_TRY(const Bytes tree, fields.bytes("ratchet_tree", {}));
    CHATMCP_TRY(mls::Group group,
                mls::Group::join(environment_, transaction, welcome, kArrival, tree));
    return enter(std::move(group));
}

Result<Json> Client::external_join(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(const Bytes group_info, fields.bytes("group_info"));
    CHATMCP_TRY(const Bytes tree, fields.bytes("ratchet_tree", {}));
    mls::ExternalJoin how{
        .own = leaf_setup(), .group_info = group_info, .ratchet_tree = tree, .resync = {}};
    if (fields.has("remove")) {
        CHATMCP_TRY(const std::uint32_t leaf, fields.number("remove"));
        how.resync = mls::LeafIndex{leaf};
    }
    CHATMCP_TRY(auto joined,
                mls::Group::join_external(environment_, transaction, std::move(how), kArrival));
    Json json = enter(std::move(joined.first));
    json["commit"] = to_hex(joined.second.commit);
    return json;
}

Result<Json> Client::proposed(Transaction& transaction, const Fields& fields, mls::Plan plan) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    plan.public_message = settings_.public_handshakes;
    CHATMCP_TRY(const Bytes message, group->propose(transaction, std::move(plan)));
    return Json{{"message", to_hex(message)}};
}

Result<Json> Client::propose_add(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(Bytes package, fields.bytes("key_package"));
    return proposed(transaction, fields, mls::Plan{.add = {std::move(package)}});
}

Result<Json> Client::propose_remove(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(const std::uint32_t index, fields.number("index"));
    return proposed(transaction, fields, mls::Plan{.remove = {mls::LeafIndex{index}}});
}

Result<Json> Client::propose_update(Transaction& transaction, const Fields& fields) {
    return proposed(transaction, fields, mls::Plan{.rotate = leaf_setup()});
}

Result<Json> Client::propose_psk(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(Bytes id, fields.bytes("psk_id"));
    return proposed(transaction, fields, mls::Plan{.external_psks = {std::move(id)}});
}

Result<Json> Client::propose_leave(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    return proposed(transaction, fields, mls::Plan{.remove = {group->view().own_index()}});
}

Result<Json> Client::store_psk(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(const Bytes id, fields.bytes("psk_id"));
    CHATMCP_TRY(const Bytes secret, fields.bytes("psk"));
    CHATMCP_TRY_VOID(mls::store_external_psk(transaction, id, secret));
    return Json::object();
}

Result<Json> Client::send(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    CHATMCP_TRY(const std::string text, fields.text("text", ""));
    CHATMCP_TRY(const Bytes data, fields.bytes("data", as_bytes(text)));
    CHATMCP_TRY(const Bytes aad, fields.bytes("aad", {}));
    CHATMCP_TRY(const Bytes message,
                group->encrypt(transaction, data, aad, settings_.padded_bytes));
    return Json{{"message", to_hex(message)}};
}

Result<Json> Client::receive(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    CHATMCP_TRY(const Bytes message, fields.bytes("message"));
    CHATMCP_TRY(mls::Received received, group->receive(transaction, message, kArrival));
    if (const auto* application = std::get_if<mls::ApplicationMessage>(&received)) {
        return received_json(*application);
    }
    if (const auto* proposal = std::get_if<mls::ProposalReceived>(&received)) {
        return received_json(*proposal);
    }
    if (auto* incoming = std::get_if<mls::Incoming>(&received)) {
        const std::uint32_t committer = incoming->change().committer.value;
        CHATMCP_TRY_VOID(incoming->apply(transaction));
        Json json = state_of(*group);
        json["kind"] = "commit";
        json["sender"] = committer;
        return json;
    }
    const auto* own = std::get_if<mls::OwnMessage>(&received);
    const bool commits = own == nullptr || own->content_type == mls::ContentType::commit;
    return Json{{"kind", commits ? "own_commit" : "own_private"}};
}

Result<Json> Client::export_secret(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    CHATMCP_TRY(const std::string label, fields.text("label"));
    CHATMCP_TRY(const Bytes context, fields.bytes("context", {}));
    CHATMCP_TRY(const std::uint32_t length, fields.number("length", kExportBytes));
    if (length > kExportMaxBytes) {
        return fail(Errc::malformed, "PEER-02");
    }
    CHATMCP_TRY(const SecretBytes secret, group->export_secret(label, context, length));
    return Json{{"secret", to_hex(secret.view())}};
}

Result<Json> Client::state(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    return state_of(*group);
}

Result<Json> Client::members(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    Json members = Json::array();
    for (const mls::LeafView& leaf : group->view().members()) {
        members.push_back({{"index", leaf.index.value},
                           {"identity", to_hex(leaf.credential.data)},
                           {"credential_type", leaf.credential.type},
                           {"signature_key", to_hex(leaf.signature_key)}});
    }
    return Json{{"members", std::move(members)}};
}

Result<Json> Client::ratchet_tree(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    return Json{{"ratchet_tree", to_hex(group->ratchet_tree())}};
}

Result<Json> Client::group_info(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    CHATMCP_TRY(const bool with_tree, fields.boolean("with_tree", true));
    CHATMCP_TRY(const Bytes info, group->group_info(with_tree, true));
    return Json{{"group_info", to_hex(info)}};
}

Result<Json> Client::epoch_authenticator(Transaction& transaction, const Fields& fields) {
    CHATMCP_TRY(mls::Group* const group, this->group(transaction, fields));
    return Json{{"epoch_authenticator", to_hex(group->view().epoch_authenticator())}};
}

}  // namespace chatmcp::mls_peer
