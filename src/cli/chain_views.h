#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "chain/program_account.h"
#include "chain/rpc_request.h"
#include "cli/chain_session.h"
#include "program/accounts.h"
#include "program/params.h"

namespace chatmcp::cli {

// Accounts of the ChatMCP program as words.

/// The names of Params, in their order; all are numbers of 64 bits.
inline constexpr std::array kParamNames = std::to_array<const char*>({"chat_price_lamports",
                                                                      "stamp_price_min",
                                                                      "stamp_price_max",
                                                                      "stamp_price_rejections",
                                                                      "stamp_open_slots",
                                                                      "stamp_admission_slots",
                                                                      "stamp_submit_fee_lamports",
                                                                      "stake_per_contact",
                                                                      "stake_contacts_per_day_max",
                                                                      "unstake_delay_slots",
                                                                      "proposal_stake_min",
                                                                      "voting_slots",
                                                                      "time_lock_slots",
                                                                      "execution_slots",
                                                                      "quorum_basis_points",
                                                                      "pause_slots",
                                                                      "verdict_slots_max"});
static_assert(sizeof(program::Params) == kParamNames.size() * sizeof(std::uint64_t));

[[nodiscard]] std::array<std::uint64_t, kParamNames.size()> param_values(
    const program::Params& params);

[[nodiscard]] const char* kind_name(program::EvidenceKind kind);
[[nodiscard]] const char* reason_name(program::RevocationReason reason);
[[nodiscard]] const char* status_name(program::EntryStatus status);
/// Of a measurement or its proposal.
[[nodiscard]] std::string label_text(const program::Label& label);

/// Every account of a kind whose size does not vary.
template <class State>
[[nodiscard]] Result<std::vector<std::pair<chain::Address, State>>> all_of_kind(
    ChainSession& chain) {
    const chain::AccountFilter kind{.offset = 0,
                                    .bytes = {static_cast<std::uint8_t>(State::kKind)}};
    const auto read = chain.rpc().program_accounts(chain.at().program, {kind}, {});
    if (!read.has_value()) {
        return fail(chain.explained(read.error()));
    }
    std::vector<std::pair<chain::Address, State>> out;
    for (const auto& [address, account] : read->accounts) {
        CHATMCP_TRY(State state,
                    chain::decode_program_account_as<State>(
                        chain.at().program, account.owner, account.data));
        out.emplace_back(address, std::move(state));
    }
    return out;
}

}  // namespace chatmcp::cli
