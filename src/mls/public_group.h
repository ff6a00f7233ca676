#pragma once

#include <memory>

#include "mls/group.h"

namespace chatmcp::mls {

struct PublicGroupState;
struct FollowedState;

/// A handshake that a follower found to be true, not applied yet. Dropping it changes nothing.
class Followed {
  public:
    Followed(const Followed&) = delete;
    Followed& operator=(const Followed&) = delete;
    Followed(Followed&&) noexcept;
    Followed& operator=(Followed&&) noexcept;
    ~Followed();
    /// What it does if it is a commit; null for a proposal.
    [[nodiscard]] const Change* change() const;

  private:
    friend class PublicGroup;
    explicit Followed(std::unique_ptr<FollowedState> state);
    std::unique_ptr<FollowedState> state_;
};

/// A group as somebody follows it who is no member and has no secrets, so that a delivery service
/// can refuse a commit that breaks the group before it stores it. It serves groups whose handshakes
/// are PublicMessages alone.
///
/// Trust: signatures, proposals, paths, tree and parent hashes are checked as members check them,
///        and rules look at every change. Not checked, because it takes secrets: membership tags,
///        confirmation tags, and whether a path's ciphertexts open. So a commit that passes here
///        can still be one that members refuse.
class PublicGroup {
  public:
    /// `group_info`: MLSMessage. `ratchet_tree`: for a GroupInfo without one.
    /// Errors: as of Group::join_external, of the GroupInfo and its tree.
    [[nodiscard]] static Result<PublicGroup> open(const Environment& environment,
                                                  ByteView group_info,
                                                  const Arrival& arrival,
                                                  ByteView ratchet_tree = {});
    /// The group as encode() wrote it.
    ///
    /// Trust:  the record is this program's own; its signatures are not checked again.
    /// Errors: storage_corrupt (MLS-48) it does not read whole, or its tree is not its context's.
    /// Cost:   hashes the tree.
    [[nodiscard]] static Result<PublicGroup> decode(const Environment& environment,
                                                    ByteView record);
    /// Wire: uint8 version (1); GroupContext context; opaque interim_transcript_hash<V>;
    ///       opaque ratchet_tree<V>; struct { opaque reference<V>; Sender sender; Proposal
    ///       proposal; } open_proposals<V>; optional<ReInit> reinit.
    [[nodiscard]] Bytes encode() const;
    PublicGroup(const PublicGroup&) = delete;
    PublicGroup& operator=(const PublicGroup&) = delete;
    PublicGroup(PublicGroup&&) noexcept;
    PublicGroup& operator=(PublicGroup&&) noexcept;
    ~PublicGroup();

    /// Its own_index is no leaf, its epoch_authenticator empty.
    [[nodiscard]] const GroupView& view() const;
    /// Look at a proposal or commit. The group stays as it is.
    /// Errors: unsupported (MLS-103) a PrivateMessage; those of Group::receive that need no secret.
    [[nodiscard]] Result<Followed> check(ByteView message, const Arrival& arrival) const;
    /// Errors: stale_epoch (MLS-89) the group has gone on since check().
    [[nodiscard]] Result<void> apply(Followed followed);

  private:
    explicit PublicGroup(std::unique_ptr<PublicGroupState> state);
    std::unique_ptr<PublicGroupState> state_;
};

}  // namespace chatmcp::mls
