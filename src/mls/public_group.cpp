#include "mls/public_group.h"

#include "base/check.h"
#include "mls/commit.h"
#include "mls/join.h"
#include "mls/own_leaf.h"
#include "mls/public_handshake.h"
#include "mls/transcript_hash.h"

namespace chatmcp::mls {

struct PublicGroupState {
    PublicGroupState(const Environment& from, EpochState now, RatchetTree ratchet_tree)
        : environment(from),
          epoch(std::move(now)),
          tree(std::move(ratchet_tree)),
          view(epoch, tree, false) {
        view.refresh();
    }

    Environment environment;
    EpochState epoch;  // Without secrets.
    RatchetTree tree;
    std::vector<OpenProposal> proposals;
    std::uint64_t version = 0;
    StateView view;

    [[nodiscard]] PublicState public_state() const {
        return {tree, epoch.context, proposals, environment.limits};
    }
};

/// Of a proposal, or of the epoch that a commit makes.
struct FollowedState {
    std::uint64_t version;
    std::variant<OpenProposal, NextEpoch> what;
};

namespace {

constexpr LeafIndex kNoLeaf{0xffff'ffff};
constexpr std::uint8_t kRecordVersion = 1;
constexpr std::size_t kReferenceMaxBytes = 64;

EpochState public_epoch(GroupContext context, const Hash& interim) {
    Bytes encoded = wire::encode(context);
    return EpochState{
        .context = std::move(context),
        .encoded_context = std::move(encoded),
        .interim_transcript_hash = interim.to_bytes(),
        .secrets = {},
        .own = kNoLeaf,
        .signature_key = crypto::SigningKey::from_seed(Bytes(crypto::kEd25519SeedBytes)),
        .own_commit_hash = {}};
}

Result<AuthenticatedContent> read_public(ByteView bytes, const Limits& limits) {
    if (bytes.size() > limits.message_bytes_max) {
        return fail(Errc::too_large, "MLS-79");
    }
    wire::Reader reader(bytes);
    CHATMCP_TRY(const WireFormat format, read_message_header(reader));
    if (format == WireFormat::private_message) {
        return fail(Errc::unsupported, "MLS-103");
    }
    if (format != WireFormat::public_message) {
        return fail(Errc::invalid_argument, "MLS-80");
    }
    CHATMCP_TRY(PublicMessage message, PublicMessage::read(reader));
    CHATMCP_TRY_VOID(reader.finish());
    return AuthenticatedContent{format, std::move(message.content), std::move(message.auth)};
}

Result<NextEpoch> follow_commit(const PublicGroupState& state,
                                const AuthenticatedContent& content,
                                const Arrival& arrival) {
    const EpochState& before = state.epoch;
    const Sender& sender = content.content.sender;
    const CipherSuite suite = before.context.suite;
    CHATMCP_TRY(const Commit commit, wire::decode<Commit>(content.content.body));
    CHATMCP_TRY(AppliedCommit applied, apply_commit(state.public_state(), commit, sender));
    CHATMCP_TRY(Change change,
                describe_change(applied.draft,
                                before.context,
                                kNoLeaf,
                                ChangeSource{applied.effect,
                                             applied.committer,
                                             commit.path.has_value(),
                                             true,
                                             sender.type == SenderType::new_member_commit}));
    CHATMCP_TRY_VOID(review_change(ChangeReview{state.environment, state.view, arrival}, change));
    GroupContext context =
        provisional_context(before.context, applied.effect.extensions, applied.draft);
    const Hash confirmed =
        confirmed_transcript_hash(suite, before.interim_transcript_hash, content);
    context.confirmed_transcript_hash = confirmed.to_bytes();
    EpochState next = public_epoch(
        std::move(context),
        interim_transcript_hash(suite, confirmed.view(), content.auth.confirmation_tag));
    next.reinit = applied.effect.reinit;
    return NextEpoch{std::move(next), std::move(applied.draft), {}, {}, std::move(change)};
}

}  // namespace

Followed::Followed(std::unique_ptr<FollowedState> state) : state_(std::move(state)) {}
Followed::Followed(Followed&&) noexcept = default;
Followed& Followed::operator=(Followed&&) noexcept = default;
Followed::~Followed() = default;

const Change* Followed::change() const {
    CHATMCP_CHECK(state_ != nullptr);
    const auto* next = std::get_if<NextEpoch>(&state_->what);
    return next == nullptr ? nullptr : &next->change;
}

PublicGroup::PublicGroup(std::unique_ptr<PublicGroupState> state) : state_(std::move(state)) {}
PublicGroup::PublicGroup(PublicGroup&&) noexcept = default;
PublicGroup& PublicGroup::operator=(PublicGroup&&) noexcept = default;
PublicGroup::~PublicGroup() = default;

Result<PublicGroup> PublicGroup::open(const Environment& environment,
                                      ByteView group_info,
                                      const Arrival& arrival,
                                      ByteView ratchet_tree) {
    CHATMCP_TRY(GroupInfo info, decode_group_info(group_info, environment.limits));
    CHATMCP_TRY_VOID(check_enabled(environment, info.context.suite));
    CHATMCP_TRY(RatchetTree tree,
                tree_of(info, ratchet_tree, environment.limits, environment.parallel));
    const Hash interim = interim_transcript_hash(
        info.context.suite, info.context.confirmed_transcript_hash, info.confirmation_tag);
    EpochState epoch = public_epoch(std::move(info.context), interim);
    CHATMCP_TRY_VOID(review_group(environment, epoch, tree, info.signer, {}, arrival));
    return PublicGroup(
        std::make_unique<PublicGroupState>(environment, std::move(epoch), std::move(tree)));
}

namespace {

Result<std::vector<OpenProposal>> read_proposals(wire::Reader& reader, const Limits& limits) {
    CHATMCP_TRY(wire::Reader list,
                reader.sub(std::size_t{limits.open_proposals_max} * limits.message_bytes_max));
    std::vector<OpenProposal> proposals;
    while (!list.empty()) {
        OpenProposal& open = proposals.emplace_back();
        CHATMCP_TRY(const ByteView reference, list.vector(kReferenceMaxBytes));
        open.reference = to_bytes(reference);
        CHATMCP_TRY(open.sender, Sender::read(list));
        CHATMCP_TRY(open.proposal, Proposal::read(list));
    }
    return proposals;
}

Result<std::unique_ptr<PublicGroupState>> read_state(const Environment& environment,
                                                     ByteView record) {
    wire::Reader reader(record);
    CHATMCP_TRY(const std::uint8_t version, reader.u8());
    if (version != kRecordVersion) {
        return fail(Errc::unsupported_version, "MLS-48");
    }
    CHATMCP_TRY(GroupContext context, GroupContext::read(reader));
    CHATMCP_TRY_VOID(components_of(context.extensions));
    CHATMCP_TRY(const ByteView interim, reader.vector(kReferenceMaxBytes));
    CHATMCP_TRY(const ByteView encoded_tree, reader.vector(record.size()));
    const CipherSuite suite = context.suite;
    CHATMCP_TRY(RatchetTree tree,
                RatchetTree::decode(suite, encoded_tree, environment.limits.members_max));
    if (interim.size() != hash_bytes(suite) || !equal(tree.root_hash().view(), context.tree_hash)) {
        return fail(Errc::storage_corrupt, "MLS-48");
    }
    CHATMCP_TRY(auto proposals, read_proposals(reader, environment.limits));
    EpochState epoch = public_epoch(std::move(context), Hash(interim));
    CHATMCP_TRY(const bool ended, reader.presence());
    if (ended) {
        CHATMCP_TRY(epoch.reinit, ReInit::read(reader));
    }
    CHATMCP_TRY_VOID(reader.finish());
    auto state = std::make_unique<PublicGroupState>(environment, std::move(epoch), std::move(tree));
    state->proposals = std::move(proposals);
    return state;
}

}  // namespace

Result<PublicGroup> PublicGroup::decode(const Environment& environment, ByteView record) {
    auto state = read_state(environment, record);
    if (!state.has_value()) {
        return fail(Errc::storage_corrupt, "MLS-48");
    }
    return PublicGroup(*std::move(state));
}

Bytes PublicGroup::encode() const {
    wire::Writer writer;
    writer.u8(kRecordVersion);
    state_->epoch.context.write(writer);
    writer.vector(state_->epoch.interim_transcript_hash);
    writer.vector(state_->tree.encode());
    writer.vector_of([&](wire::Writer& list) {
        for (const OpenProposal& open : state_->proposals) {
            list.vector(open.reference);
            open.sender.write(list);
            open.proposal.write(list);
        }
    });
    const std::optional<ReInit>& reinit = state_->epoch.reinit;
    writer.presence(reinit.has_value());
    if (reinit.has_value()) {
        reinit->write(writer);
    }
    return writer.take();
}

const GroupView& PublicGroup::view() const {
    return state_->view;
}

Result<Followed> PublicGroup::check(ByteView message, const Arrival& arrival) const {
    const PublicGroupState& state = *state_;
    if (state.epoch.reinit.has_value()) {
        return fail(Errc::stale_epoch, "MLS-98");
    }
    CHATMCP_TRY(const AuthenticatedContent content, read_public(message, state.environment.limits));
    CHATMCP_TRY_VOID(check_current(state.epoch.context, content.content));
    CHATMCP_TRY_VOID(verify_handshake(state.public_state(), state.epoch.encoded_context, content));
    if (content.content.content_type == ContentType::proposal) {
        CHATMCP_TRY(OpenProposal proposal, read_proposal(state.public_state(), content));
        return Followed(std::make_unique<FollowedState>(state.version, std::move(proposal)));
    }
    CHATMCP_TRY(NextEpoch next, follow_commit(state, content, arrival));
    return Followed(std::make_unique<FollowedState>(state.version, std::move(next)));
}

Result<void> PublicGroup::apply(Followed followed) {
    PublicGroupState& state = *state_;
    CHATMCP_CHECK(followed.state_ != nullptr);
    if (followed.state_->version != state.version) {
        return fail(Errc::stale_epoch, "MLS-89");
    }
    if (auto* proposal = std::get_if<OpenProposal>(&followed.state_->what); proposal != nullptr) {
        if (!is_known(state.public_state(), *proposal)) {
            state.proposals.push_back(std::move(*proposal));
        }
        return {};
    }
    auto& next = std::get<NextEpoch>(followed.state_->what);
    state.tree.merge(std::move(next.tree));
    state.epoch = std::move(next.epoch);
    state.proposals.clear();
    state.view.refresh();
    ++state.version;
    return {};
}

}  // namespace chatmcp::mls
