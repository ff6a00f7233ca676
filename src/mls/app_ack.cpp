#include "mls/app_ack.h"

#include <algorithm>
#include <limits>

#include "mls/component.h"
#include "mls/group.h"
#include "mls/group_state.h"
#include "mls/storage.h"

namespace chatmcp::mls {
namespace {

constexpr auto kAppAckId = static_cast<std::uint16_t>(DraftComponent::app_ack);

bool in_use(const GroupContext& context) {
    return requires_component(context.extensions, kAppAckId);
}

Bytes ranges_key(const GroupState& state, LeafIndex sender) {
    wire::Writer number;
    number.u32(sender.value);
    return record_key(state.group_id(), RecordKind::received_ranges, number.view());
}

/// Record: the ranges of one sender, as an AppAck.
Result<std::vector<MessageRange>> read_record(ByteView record) {
    CHATMCP_TRY(AppAck ack, stored(wire::decode<AppAck>(record)));
    return std::move(ack.received_ranges);
}

Result<std::vector<MessageRange>> stored_ranges(const GroupState& state,
                                                Transaction& transaction,
                                                LeafIndex sender) {
    CHATMCP_TRY(const auto record, transaction.get(ranges_key(state, sender)));
    return record.has_value() ? read_record(*record) : std::vector<MessageRange>();
}

/// Of all senders and of ourselves.
Result<std::vector<MessageRange>> all_ranges(const GroupState& state, Transaction& transaction) {
    std::vector<MessageRange> ranges;
    const auto add = [&](ByteView /*key*/, ByteView value) -> Result<void> {
        CHATMCP_TRY(const auto of_sender, read_record(value));
        ranges.insert(ranges.end(), of_sender.begin(), of_sender.end());
        return {};
    };
    CHATMCP_TRY_VOID(for_each_record(
        transaction, record_key(state.group_id(), RecordKind::received_ranges), add));
    return ranges;  // Keys ascend by sender.
}

void report(AckGap gap,
            LeafIndex acknowledger,
            const std::vector<MessageRange>& ranges,
            std::vector<MissingMessages>& gaps) {
    for (const MessageRange& range : ranges) {
        gaps.push_back({gap, acknowledger, range});
    }
}

/// The ranges of one sender, and those of all others.
struct Split {
    std::vector<MessageRange> of;
    std::vector<MessageRange> others;
};
Split split_by_sender(const std::vector<MessageRange>& ranges, LeafIndex sender) {
    Split split;
    for (const MessageRange& range : ranges) {
        (range.sender == sender ? split.of : split.others).push_back(range);
    }
    return split;
}

void compare(LeafIndex own,
             LeafIndex acknowledger,
             const std::vector<MessageRange>& known,
             const std::vector<MessageRange>& acknowledged,
             std::vector<MissingMessages>& gaps) {
    const Split claims = split_by_sender(difference(acknowledged, known), own);
    report(AckGap::missing_here, acknowledger, claims.others, gaps);
    report(AckGap::never_sent, acknowledger, claims.of, gaps);
    // Nobody acknowledges its own messages.
    const Split unknown = split_by_sender(difference(known, acknowledged), acknowledger);
    report(AckGap::not_acknowledged, acknowledger, unknown.others, gaps);
}

}  // namespace

Result<AppAck> AppAck::read(wire::Reader& reader) {
    CHATMCP_TRY(wire::Reader inner, reader.sub(wire::kVectorMaxBytes));
    AppAck ack;
    while (!inner.empty()) {
        if (ack.received_ranges.size() == kAckRangesMax) {
            return fail(Errc::too_large, "EXT-13");
        }
        MessageRange range;
        CHATMCP_TRY(range.sender.value, inner.u32());
        CHATMCP_TRY(range.first_generation, inner.u32());
        CHATMCP_TRY(range.last_generation, inner.u32());
        if (range.last_generation < range.first_generation) {
            return fail(Errc::malformed, "EXT-12");
        }
        ack.received_ranges.push_back(range);
    }
    return ack;
}

void AppAck::write(wire::Writer& writer) const {
    writer.vector_of([&](wire::Writer& inner) {
        for (const MessageRange& range : received_ranges) {
            inner.u32(range.sender.value);
            inner.u32(range.first_generation);
            inner.u32(range.last_generation);
        }
    });
}

std::vector<MessageRange> normalised(std::vector<MessageRange> ranges) {
    std::ranges::sort(ranges);
    std::vector<MessageRange> merged;
    for (const MessageRange& range : ranges) {
        // One that begins right after the last one continues it.
        if (!merged.empty() && merged.back().sender == range.sender &&
            std::uint64_t{merged.back().last_generation} + 1 >= range.first_generation) {
            merged.back().last_generation =
                std::max(merged.back().last_generation, range.last_generation);
        } else {
            merged.push_back(range);
        }
    }
    return merged;
}

std::vector<MessageRange> difference(const std::vector<MessageRange>& from,
                                     const std::vector<MessageRange>& without) {
    std::vector<MessageRange> left;
    auto cut = without.begin();
    for (MessageRange range : from) {
        const auto is_before = [&](const MessageRange& other) {
            return other.sender < range.sender ||
                   (other.sender == range.sender && other.last_generation < range.first_generation);
        };
        while (cut != without.end() && is_before(*cut)) {
            ++cut;
        }
        bool any = true;
        for (auto each = cut; any && each != without.end() && each->sender == range.sender &&
                              each->first_generation <= range.last_generation;
             ++each) {
            if (each->first_generation > range.first_generation) {
                left.push_back({range.sender, range.first_generation, each->first_generation - 1});
            }
            any = each->last_generation < range.last_generation;
            range.first_generation = any ? each->last_generation + 1 : range.first_generation;
        }
        if (any) {
            left.push_back(range);
        }
    }
    return left;
}

Result<void> check_app_acks(const std::vector<Attached>& attached,
                            const GroupContext& context,
                            const TreeDraft& tree) {
    for (const Attached& each : attached) {
        if (each.component.id != kAppAckId || !in_use(context)) {
            continue;
        }
        CHATMCP_TRY(const AppAck ack, wire::decode<AppAck>(each.component.data));
        const bool of_members = std::ranges::all_of(ack.received_ranges, [&](const auto& range) {
            return tree.leaf(range.sender) != nullptr;
        });
        if (!each.proposer.has_value() || !of_members) {
            return fail(Errc::invalid_proposals, "EXT-14");
        }
    }
    return {};
}

Result<void> note_received(const GroupState& state,
                           Transaction& transaction,
                           Epoch epoch,
                           LeafIndex sender,
                           std::uint32_t generation) {
    if (epoch != state.epoch.context.epoch || !in_use(state.epoch.context)) {
        return {};
    }
    CHATMCP_TRY(auto ranges, stored_ranges(state, transaction, sender));
    ranges.push_back({sender, generation, generation});
    AppAck record{normalised(std::move(ranges))};
    if (record.received_ranges.size() > kRangesPerSenderMax) {
        record.received_ranges.erase(record.received_ranges.begin());
    }
    return transaction.put(ranges_key(state, sender), wire::encode(record));
}

Result<void> note_sent(const GroupState& state, Transaction& transaction) {
    if (!in_use(state.epoch.context)) {
        return {};
    }
    const LeafIndex own = state.epoch.own;
    CHATMCP_TRY(const auto sent, stored_ranges(state, transaction, own));
    const std::uint32_t generation = sent.empty() ? 0 : sent.back().last_generation + 1;
    return note_received(state, transaction, state.epoch.context.epoch, own, generation);
}

Result<void> forget_received(const GroupState& state, Transaction& transaction) {
    return in_use(state.epoch.context)
               ? erase_prefix(transaction,
                              record_key(state.group_id(), RecordKind::received_ranges))
               : Result<void>();
}

Result<Component> Group::app_ack(Transaction& transaction) const {
    CHATMCP_TRY_VOID(state_->check_member());
    if (!in_use(state_->epoch.context)) {
        return fail(Errc::invalid_argument, "EXT-15");
    }
    CHATMCP_TRY(const auto known, all_ranges(*state_, transaction));
    AppAck ack{split_by_sender(known, state_->epoch.own).others};
    if (ack.received_ranges.size() > kAckRangesMax) {
        return fail(Errc::too_large, "EXT-13");
    }
    return Component{kAppAckId, wire::encode(ack)};
}

Result<std::vector<MissingMessages>> Group::missing_messages(Transaction& transaction,
                                                             const Change& change) const {
    CHATMCP_TRY_VOID(state_->check_member());
    std::vector<MissingMessages> gaps;
    if (!in_use(state_->epoch.context)) {
        return gaps;
    }
    if (change.from != state_->epoch.context.epoch) {
        return fail(Errc::stale_epoch, "EXT-16");
    }
    CHATMCP_TRY(const auto known, all_ranges(*state_, transaction));
    for (const Attached& attached : change.attached) {
        // What is valid was checked with the commit.
        if (attached.component.id != kAppAckId || attached.proposer == state_->epoch.own ||
            !attached.proposer.has_value()) {
            continue;
        }
        CHATMCP_TRY(AppAck ack, wire::decode<AppAck>(attached.component.data));
        compare(state_->epoch.own,
                *attached.proposer,
                known,
                normalised(std::move(ack.received_ranges)),
                gaps);
    }
    return gaps;
}

}  // namespace chatmcp::mls
