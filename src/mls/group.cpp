#include "mls/group.h"

#include "base/check.h"
#include "mls/commit.h"
#include "mls/incoming_state.h"

namespace chatmcp::mls {

Incoming::Incoming(std::unique_ptr<IncomingState> state) : state_(std::move(state)) {}
Incoming::Incoming(Incoming&&) noexcept = default;
Incoming& Incoming::operator=(Incoming&&) noexcept = default;
Incoming::~Incoming() = default;

const Change& Incoming::change() const {
    CHATMCP_CHECK(state_ != nullptr);
    return state_->next.change;
}

Result<SecretBytes> Incoming::export_next(std::string_view label,
                                          ByteView context,
                                          std::size_t size_bytes) const {
    CHATMCP_CHECK(state_ != nullptr);
    const NextEpoch& next = state_->next;
    if (next.change.removes_self) {
        return fail(Errc::not_member, "MLS-70");
    }
    return mls_exporter(next.epoch.context.suite,
                        next.epoch.secrets.exporter_secret.view(),
                        label,
                        context,
                        size_bytes);
}

Result<void> Incoming::apply(Transaction& transaction) {
    CHATMCP_CHECK(state_ != nullptr);
    if (state_->group->version != state_->version) {
        return fail(Errc::stale_epoch, "MLS-89");
    }
    const std::unique_ptr<IncomingState> state = std::move(state_);
    if (state->next.change.removes_self) {
        return state->group->leave(transaction);
    }
    return state->group->enter(transaction, std::move(state->next));
}

Group::Group(std::unique_ptr<GroupState> state) : state_(std::move(state)) {}
Group::Group(Group&&) noexcept = default;
Group& Group::operator=(Group&&) noexcept = default;
Group::~Group() = default;

Result<Group> Group::load(const Environment& environment,
                          Transaction& transaction,
                          ByteView group_id) {
    CHATMCP_TRY(auto state, GroupState::load(environment, transaction, group_id));
    return Group(std::move(state));
}

Result<void> Group::erase(Transaction& transaction, ByteView group_id) {
    if (group_id.size() > kGroupIdMaxBytes) {
        return fail(Errc::not_found, "MLS-86");
    }
    return erase_prefix(transaction, group_prefix(group_id));
}

bool Group::active() const {
    return state_->check_active().has_value();
}

const GroupView& Group::view() const {
    return state_->view;
}

const std::vector<Distrust>& Group::distrusted_at_join() const {
    return state_->distrusted_at_join;
}

std::optional<LeafIndex> Group::welcomed_by() const {
    return state_->welcomed_by;
}

Result<Bundle> Group::stage(Transaction& transaction, const Plan& plan, const Arrival& arrival) {
    CHATMCP_TRY_VOID(state_->check_active());
    if (state_->staged.has_value()) {
        return fail(Errc::pending_commit, "MLS-69");
    }
    CHATMCP_TRY(StagedCommit made, make_commit(*state_, transaction, plan, arrival));
    made.next.made_here = true;
    state_->staged = std::move(made.next);
    CHATMCP_TRY_VOID(state_->store_staged(transaction));
    return std::move(made.bundle);
}

bool Group::has_staged() const {
    return state_->staged.has_value();
}

Result<SecretBytes> Group::export_staged(std::string_view label,
                                         ByteView context,
                                         std::size_t size_bytes) const {
    const auto& staged = state_->staged;
    CHATMCP_CHECK(staged.has_value());
    const EpochState& epoch = staged->epoch;
    return mls_exporter(
        epoch.context.suite, epoch.secrets.exporter_secret.view(), label, context, size_bytes);
}

Result<Change> Group::confirm(Transaction& transaction) {
    auto& staged = state_->staged;
    if (!staged.has_value()) {
        return fail(Errc::not_found, "MLS-90");
    }
    NextEpoch next = *std::move(staged);
    CHATMCP_TRY_VOID(state_->forget_staged(transaction));
    Change change = next.change;
    const bool made_here = next.made_here;
    CHATMCP_TRY_VOID(state_->enter(transaction, std::move(next)));
    state_->may_send |= made_here;
    return change;
}

Result<void> Group::discard(Transaction& transaction) {
    if (!state_->staged.has_value()) {
        return fail(Errc::not_found, "MLS-90");
    }
    return state_->forget_staged(transaction);
}

Result<SecretBytes> Group::export_secret(std::string_view label,
                                         ByteView context,
                                         std::size_t size_bytes) const {
    CHATMCP_TRY_VOID(state_->check_member());
    return mls_exporter(
        state_->suite(), state_->epoch.secrets.exporter_secret.view(), label, context, size_bytes);
}

}  // namespace chatmcp::mls
