#pragma once

#include <optional>
#include <vector>

#include "base/key_value.h"
#include "base/result.h"
#include "mls/types.h"
#include "wire/tls.h"

namespace chatmcp::mls {

/// Acknowledgements of application messages, so that nobody between the members drops some of them
/// unseen: draft-ietf-mls-extensions, section "AppAck". They travel in AppEphemeral proposals and
/// so in the transcript; to drop them too is to stop the group. In use where the context's
/// app_components names app_ack.

/// At most so many in one AppAck.
inline constexpr std::size_t kAckRangesMax = std::size_t{1} << 16;
/// Of a sender with more gaps than this, the newest ranges alone are kept and acknowledged.
inline constexpr std::size_t kRangesPerSenderMax = 1000;

/// Generations of one sender's application messages in the current epoch, both ends included.
struct MessageRange {
    LeafIndex sender;
    std::uint32_t first_generation = 0;
    std::uint32_t last_generation = 0;
    friend auto operator<=>(const MessageRange&, const MessageRange&) = default;
};

/// Wire: struct { uint32 sender; uint32 first_generation; uint32 last_generation; } MessageRange;
///       struct { MessageRange received_ranges<V>; } AppAck.
struct AppAck {
    std::vector<MessageRange> received_ranges;

    /// Errors: malformed (EXT-12) a range that ends before it begins; too_large (EXT-13) more than
    ///         kAckRangesMax; WIRE-01 to WIRE-03.
    static Result<AppAck> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// What an acknowledgement and our own knowledge say about each other.
enum class AckGap : std::uint8_t {
    missing_here,      // A member has it and we have not: it was kept from us, or is late.
    not_acknowledged,  // We have it, or sent it, and that member had not when it acknowledged.
    never_sent,        // Acknowledged as ours, and we sent no such message.
};
struct MissingMessages {
    AckGap gap = AckGap::missing_here;
    LeafIndex acknowledger;
    MessageRange range;
    friend bool operator==(const MissingMessages&, const MissingMessages&) = default;
};

/// Ranges, in any order and overlapping, as the fewest that say the same, ascending.
[[nodiscard]] std::vector<MessageRange> normalised(std::vector<MessageRange> ranges);
/// What is in `from` and not in `without`. Both normalised; so is the result.
[[nodiscard]] std::vector<MessageRange> difference(const std::vector<MessageRange>& from,
                                                   const std::vector<MessageRange>& without);

struct Attached;
struct GroupContext;
struct GroupState;
class TreeDraft;

/// Where app_ack is in use, an AppAck is valid if it parses, a member proposed it, and it names
/// members alone. `tree`: of the epoch that the commit ends.
/// Errors: those of AppAck::read; invalid_proposals (EXT-14).
[[nodiscard]] Result<void> check_app_acks(const std::vector<Attached>& attached,
                                          const GroupContext& context,
                                          const TreeDraft& tree);

/// An application message of this epoch is true (or, of the own leaf, was sent). Nothing is written
/// where app_ack is not in use.
[[nodiscard]] Result<void> note_received(const GroupState& state,
                                         Transaction& transaction,
                                         Epoch epoch,
                                         LeafIndex sender,
                                         std::uint32_t generation);
/// The own leaf's next generation was used.
[[nodiscard]] Result<void> note_sent(const GroupState& state, Transaction& transaction);
/// The epoch ends.
[[nodiscard]] Result<void> forget_received(const GroupState& state, Transaction& transaction);

}  // namespace chatmcp::mls
