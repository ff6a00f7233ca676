#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "chain/program_account.h"
#include "cli/chain_session.h"
#include "cli/command.h"
#include "cli/home.h"
#include "cli/session.h"
#include "client/command.h"
#include "client/view.h"

namespace chatmcp::cli {

// What commands do with stamps on the chain: lock them for an invitation, answer those that came,
// take back what expired. What is a stamp for, and what became of it, the home knows.

/// A wallet that pays only if it is needed.
struct OptionalWallet {
    std::string file;
    bool yes = false;
    std::string stamp_max = "10";  // CHAT, for one stamp that nobody is asked about.

    void add_to(CLI::App& app);
    void add_limit_to(CLI::App& app);
};

[[nodiscard]] Result<std::vector<client::SentStamp>> sent_stamps(Home& home);
[[nodiscard]] Result<std::vector<client::ReceivedStamp>> received_stamps(Home& home);

/// A stamp as the chain has it; absent: not locked, or over.
[[nodiscard]] Result<std::optional<program::Stamp>> stamp_on_chain(
    ChainSession& chain,
    const ByteArray<32>& one_time_key,
    chain::Commitment commitment = chain::Commitment::confirmed);

/// Accepted, rejected or taken back, and nothing undoes it. Of one that was locked once.
[[nodiscard]] Result<bool> is_over(ChainSession& chain, const ByteArray<32>& one_time_key);

/// The key to lock it under. Errors: those of stamps::check_stamp_key and one_time_key.
[[nodiscard]] Result<ByteArray<32>> key_to_lock(const client::SentStamp& stamp);

/// Lock these stamps, as far as they are not, after the owner of the wallet saw what the chain
/// shows of it.
///
/// Errors: those of ChainSession::pay; wrong_domain (CLI-60) they are of another chain than the one
///         that is used; refused_by_policy (CLI-61) one is dearer than --yes may pay; pass_required
///         (CLI-63) the wallet has less. All are explained.
[[nodiscard]] Result<client::StampsLocked> lock_stamps(const Context& context,
                                                       const std::vector<client::SentStamp>& stamps,
                                                       const OptionalWallet& wallet);

/// Run a command that invites, and pay the stamps that it needs.
///
/// Errors: the intent's own reason; pass_required (CLT-75) stamps are wanted and there is no
///         wallet, explained, and the intent stays pending; those of lock_stamps, the same.
[[nodiscard]] Result<client::IntentView> run_invitation(const Context& context,
                                                        Home& home,
                                                        Session& session,
                                                        client::Command command,
                                                        const OptionalWallet& wallet);

/// Submit every answer to a stamp that waits. Returns how many CHAT went back and were burned.
///
/// Errors: those of ChainSession::pay.
struct StampsAnswered {
    std::size_t accepted = 0;
    std::size_t rejected = 0;
    std::uint64_t units_back = 0;
    std::uint64_t units_burned = 0;
    std::vector<std::string> transactions;
};
[[nodiscard]] Result<StampsAnswered> answer_stamps(const Context& context,
                                                   Home& home,
                                                   Session& session,
                                                   const OptionalWallet& wallet);

}  // namespace chatmcp::cli
