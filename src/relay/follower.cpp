#include "relay/follower.h"

#include <utility>

#include "client/rules.h"
#include "mls/framing.h"
#include "mls/public_group.h"

namespace chatmcp::relay {
namespace {

constexpr std::uint32_t kMembersMax = 4096;

// Time, domains and evidence are for the members to judge, each by his own clock and policy.
class NoTrust final : public mls::Trust {
  public:
    [[nodiscard]] Result<void> check(const mls::LeafView& /*next*/,
                                     const mls::LeafView* /*current*/,
                                     const mls::GroupView& /*group*/,
                                     const mls::Arrival& /*arrival*/) const override {
        return {};
    }
};

mls::Environment environment(const Context& context) {
    static const client::ConversationRules rules;
    static const NoTrust trust;
    mls::Limits limits = client::group_limits();
    limits.members_max = kMembersMax;
    limits.message_bytes_max = wire::kCommitMaxBytes;
    return {.rules = rules, .trust = trust, .random = context.random, .limits = limits};
}

Result<FollowedGroup> record_of(const Context& context,
                                const mls::PublicGroup& group,
                                std::uint64_t followed) {
    FollowedGroup record{.followed = followed, .group = group.encode()};
    return record.group.size() <= context.options.followed_group_max_bytes
               ? Result<FollowedGroup>(std::move(record))
               : fail(Errc::too_large, "RLY-38");
}

bool is_public_message(ByteView payload) {
    wire::Reader reader(payload);
    const auto format = mls::read_message_header(reader);
    return format.has_value() && *format == mls::WireFormat::public_message;
}

}  // namespace

Result<FollowedGroup> Follower::open(const wire::CreateTopic& request, UnixMs now) const {
    CHATMCP_TRY(
        const mls::PublicGroup group,
        mls::PublicGroup::open(environment(context_), request.group_info, mls::Arrival{now}));
    const mls::GroupView& view = group.view();
    if (wire::topic_of(view.group_id()) != request.topic || view.epoch().value != 0 ||
        !client::has_component(view.components(), wire::ComponentId::handshakes)) {
        return fail(Errc::invalid_argument, "RLY-37");
    }
    return record_of(context_, group, 0);
}

Result<std::optional<FollowedGroup>> Follower::look(const wire::TopicId& topic,
                                                    std::uint64_t epoch,
                                                    wire::EnvelopeKind kind,
                                                    ByteView payload,
                                                    UnixMs now) const {
    const bool bundle = kind == wire::EnvelopeKind::bundle;
    if (mls::is_private_handshake(payload)) {
        return fail(Errc::permission_denied, "RLY-39");
    }
    if (!bundle && !is_public_message(payload)) {
        return std::optional<FollowedGroup>();
    }
    CHATMCP_TRY(const auto blob,
                context_.store.get_blob(topic_partition(topic), followed_group_name(), now));
    if (!blob.has_value()) {
        return fail(Errc::storage_corrupt, "RLY-30");
    }
    CHATMCP_TRY(const FollowedGroup before, decode_record<FollowedGroup>(blob->value));
    CHATMCP_TRY(mls::PublicGroup group,
                mls::PublicGroup::decode(environment(context_), before.group));
    if (group.view().epoch().value != epoch) {
        return std::optional<FollowedGroup>();
    }
    CHATMCP_TRY(auto followed, group.check(payload, mls::Arrival{now}));
    if (bundle != (followed.change() != nullptr)) {
        return fail(Errc::invalid_argument, "RLY-40");
    }
    CHATMCP_TRY_VOID(group.apply(std::move(followed)));
    CHATMCP_TRY(FollowedGroup after, record_of(context_, group, before.followed + 1));
    return std::optional(std::move(after));
}

}  // namespace chatmcp::relay
