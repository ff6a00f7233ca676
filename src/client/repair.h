#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "client/step.h"
#include "wire/delivery.h"

namespace chatmcp::client {

// What stays of a conversation that this device can no longer follow, so that it can be repaired
// (DESIGN 5): by its members, who take this device out and in again (readd.h), or in a new group
// that an admin starts (successor.h).

/// Epochs of a group whose authenticators are kept. Two devices that compare find where their ways
/// parted.
inline constexpr std::uint64_t kEpochLogMax = 1024;

/// An epoch that this device stood in. Table "epoch/", id the group's, rest uint64 epoch.
struct EpochRow {
    std::uint64_t epoch = 0;
    Bytes authenticator;
    std::uint64_t sequence = 0;  // Of the commit that made it; 0: the group's first epoch.
    UnixMs accepted_at;
    auto fields(this auto& self) {
        return std::tie(self.epoch, self.authenticator, self.sequence, self.accepted_at);
    }
};
/// The group stands in a new epoch, or was joined in one: remember its authenticator.
[[nodiscard]] Result<void> note_epoch(Step& step, const ChatRow& chat, const mls::GroupView& view);
[[nodiscard]] Result<std::optional<EpochRow>> known_epoch(Step& step,
                                                          const ChatId& chat,
                                                          std::uint64_t epoch);
/// In the order of epochs.
[[nodiscard]] Result<std::vector<EpochRow>> all_epochs(Step& step, const ChatId& chat);

/// A person of the conversation, as its last epoch here had it.
struct RepairMember {
    std::string account;  // CAIP-10
    wire::Ed25519Key root_key{};
    bool admin = false;
    bool self = false;
    auto fields(this auto& row) { return std::tie(row.account, row.root_key, row.admin, row.self); }
};
/// Table "repair/", id the group's. There while the conversation is broken or lost and goes on
/// nowhere.
struct RepairRow {
    std::uint64_t epoch = 0;
    Bytes authenticator;
    std::vector<RepairMember> members;
    bool accepted = false;  // It was no mere request: what continues it needs no new consent.
    std::string culprit;    // Account of who signed the commit that nobody can follow; empty: open.
    UnixMs asked_at;        // For being taken out and in again.
    std::uint32_t asked = 0;
    auto fields(this auto& row) {
        return std::tie(row.epoch,
                        row.authenticator,
                        row.members,
                        row.accepted,
                        row.culprit,
                        row.asked_at,
                        row.asked);
    }
};
[[nodiscard]] Result<std::optional<RepairRow>> repair_of(Step& step, const ChatId& chat);
[[nodiscard]] Result<void> save_repair(Step& step, const ChatId& chat, const RepairRow& row);
[[nodiscard]] Result<void> repaired(Step& step, const ChatId& chat);

/// The conversation, or companion, can be followed no more (`state` broken or lost): its keys go,
/// and what a repair needs stays. `culprit`: the account that signed what broke it, where that is
/// sure.
[[nodiscard]] Result<void> end_for_repair(
    Step& step, ChatRow& chat, ChatState state, const Error& error, const std::string& culprit);

/// Whether what waits in this conversation goes on once it is repaired.
[[nodiscard]] bool awaits_repair(const ChatRow& chat);

}  // namespace chatmcp::client
