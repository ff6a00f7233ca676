#include "net/solana_sender.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "chain/compute_budget.h"
#include "chain/well_known.h"

namespace chatmcp::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBetweenLooks{400};
constexpr milliseconds kBetweenSendings{2'000};
constexpr std::uint64_t kLamportsPerSignature = 5'000;

// A little more than the simulation took: the state it runs on may differ by then.
std::uint32_t units_with_room(std::uint64_t consumed) {
    const std::uint64_t wanted = consumed + consumed / 8 + 1'000;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(wanted, chain::TransactionConfig::kComputeUnitsMax));
}

// Signatures that the cluster checks, those of the Ed25519 program among them.
std::uint64_t signatures_paid(const chain::Message& message) {
    std::uint64_t count = message.required_signatures;
    for (const chain::CompiledInstruction& instruction : message.instructions) {
        const std::size_t place = instruction.program_index;
        if (place < message.accounts.size() && message.accounts[place] == chain::kEd25519Program &&
            !instruction.data.empty()) {
            count += instruction.data.front();
        }
    }
    return count;
}

std::vector<chain::Address> writable_accounts(const chain::Draft& draft) {
    std::vector<chain::Address> out{draft.fee_payer};
    for (const chain::Instruction& instruction : draft.instructions) {
        for (const chain::AccountMeta& account : instruction.accounts) {
            if (account.writable && std::ranges::find(out, account.address) == out.end()) {
                out.push_back(account.address);
            }
        }
    }
    constexpr std::size_t kAskedMax = 128;
    out.resize(std::min(out.size(), kAskedMax));
    return out;
}

std::uint64_t median(std::vector<std::uint64_t> values) {
    if (values.empty()) {
        return 0;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

// The draft with its compute budget, or with another one in its place.
Result<chain::Draft> with_budget(const chain::Draft& draft,
                                 std::uint32_t units,
                                 std::uint64_t price) {
    chain::Draft out = draft;
    CHATMCP_TRY(out.instructions.emplace_back(), chain::compute_unit_limit(units));
    out.instructions.push_back(chain::compute_unit_price(price));
    return out;
}

}  // namespace

Result<std::uint64_t> SolanaSender::priority_price(const chain::Draft& draft,
                                                   const SendOptions& options) {
    CHATMCP_TRY(const attest::JsonValue result,
                rpc_.call(chain::get_recent_prioritization_fees(writable_accounts(draft))));
    CHATMCP_TRY(std::vector<std::uint64_t> fees, chain::read_prioritization_fees(result));
    return std::min(median(std::move(fees)), options.priority_price_max);
}

Result<std::uint64_t> SolanaSender::lamports_of(const chain::Address& owner) {
    CHATMCP_TRY(const chain::RpcAccounts read,
                rpc_.accounts({owner}, {.commitment = chain::Commitment::processed}));
    const std::optional<chain::RpcAccount>& account = read.accounts.front();
    return account.has_value() ? account->lamports : 0;
}

Result<PreparedTransaction> SolanaSender::prepare(const chain::Draft& draft,
                                                  const SendOptions& options) {
    failure_.reset();
    CHATMCP_TRY(const std::uint64_t price, priority_price(draft, options));
    CHATMCP_TRY(const chain::Draft roomy,
                with_budget(draft, chain::TransactionConfig::kComputeUnitsMax, price));
    CHATMCP_TRY(const chain::Transaction trial, chain::Transaction::make(roomy));
    CHATMCP_TRY(const attest::JsonValue result,
                rpc_.call(chain::simulate_transaction(
                    trial.encode(), draft.fee_payer, chain::Commitment::processed, false)));
    CHATMCP_TRY(chain::Simulation simulation, chain::read_simulation(result));
    if (simulation.failure.has_value()) {
        failure_ = std::move(simulation.failure);
        return fail(Errc::refused_by_policy, "NET-79");
    }
    PreparedTransaction out;
    out.compute_units = units_with_room(simulation.units_consumed);
    CHATMCP_TRY(out.draft, with_budget(draft, out.compute_units, price));
    CHATMCP_TRY(const std::uint64_t priority,
                chain::priority_fee_lamports(out.compute_units, price));
    const std::uint64_t signatures = signatures_paid(trial.message()) * kLamportsPerSignature;
    out.fee_lamports = signatures + priority;
    CHATMCP_TRY(const std::uint64_t trial_priority,
                chain::priority_fee_lamports(chain::TransactionConfig::kComputeUnitsMax, price));
    if (simulation.payer_lamports.has_value()) {
        CHATMCP_TRY(const std::uint64_t before, lamports_of(draft.fee_payer));
        out.other_lamports = static_cast<std::int64_t>(before) -
                             static_cast<std::int64_t>(*simulation.payer_lamports) -
                             static_cast<std::int64_t>(signatures + trial_priority);
    }
    out.size_bytes = trial.size_bytes();
    return out;
}

Result<SolanaSender::Signed> SolanaSender::sign(
    const PreparedTransaction& prepared, const std::vector<const crypto::SigningKey*>& keys) {
    CHATMCP_TRY(const attest::JsonValue result,
                rpc_.call(chain::get_latest_blockhash(chain::Commitment::confirmed)));
    CHATMCP_TRY(const chain::LatestBlockhash latest, chain::read_latest_blockhash(result));
    chain::Draft draft = prepared.draft;
    draft.lifetime = latest.blockhash;
    CHATMCP_TRY(chain::Transaction transaction, chain::Transaction::make(draft));
    for (const crypto::SigningKey* const key : keys) {
        CHATMCP_TRY_VOID(transaction.sign(*key));
    }
    CHATMCP_TRY_VOID(transaction.verify());
    Signed out{.id = {},
               .bytes = transaction.encode(),
               .last_valid_block_height = latest.last_valid_block_height};
    CHATMCP_TRY(out.id, transaction.id());
    return out;
}

// Absent while any endpoint is not as sure as wanted.
Result<std::optional<SentTransaction>> SolanaSender::look(const Signed& transaction,
                                                          const SendOptions& options) {
    CHATMCP_TRY(auto said, rpc_.signature_statuses(transaction.id));
    std::optional<SentTransaction> done;
    for (std::optional<chain::SignatureStatus>& status : said) {
        if (!status.has_value() || status->commitment < options.wait_for) {
            return std::optional<SentTransaction>{};
        }
        if (status->failure.has_value()) {
            failure_ = std::move(status->failure);
            return fail(Errc::refused_by_policy, "NET-80");
        }
        if (!done.has_value() || status->commitment < done->commitment) {
            done = SentTransaction{transaction.id, status->slot, status->commitment};
        }
    }
    return done;
}

// No endpoint that answers knows it, and its blockhash is too old for all of them.
Result<bool> SolanaSender::is_lost(const Signed& transaction) {
    CHATMCP_TRY(const std::uint64_t height, rpc_.block_height(chain::Commitment::finalized));
    if (height <= transaction.last_valid_block_height) {
        return false;
    }
    CHATMCP_TRY(const auto said, rpc_.signature_statuses(transaction.id));
    return std::ranges::none_of(said, [](const auto& status) { return status.has_value(); });
}

// Absent when it expired without having been done.
Result<std::optional<SentTransaction>> SolanaSender::follow(const Signed& transaction,
                                                            const SendOptions& options,
                                                            Deadline deadline) {
    auto send_next = steady_clock::now();
    while (steady_clock::now() < deadline) {
        if (steady_clock::now() >= send_next) {
            // A node that does not take it is no answer: another one may have it already.
            static_cast<void>(rpc_.call(chain::send_transaction(transaction.bytes, std::nullopt)));
            send_next += kBetweenSendings;
        }
        const auto found = look(transaction, options);
        if (!found.has_value() && found.error().check == std::string_view("NET-80")) {
            return fail(found.error());
        }
        if (found.has_value() && found->has_value()) {
            return *found;
        }
        const auto lost = is_lost(transaction);
        if (lost.has_value() && *lost) {
            return std::optional<SentTransaction>{};
        }
        std::this_thread::sleep_for(kBetweenLooks);
    }
    return fail(Errc::deadline_exceeded, "NET-81");
}

Result<SentTransaction> SolanaSender::send(const PreparedTransaction& prepared,
                                           const std::vector<const crypto::SigningKey*>& keys,
                                           const SendOptions& options) {
    failure_.reset();
    const Deadline deadline = steady_clock::now() + options.timeout;
    while (true) {
        CHATMCP_TRY(const Signed transaction, sign(prepared, keys));
        if (options.before_sending) {
            CHATMCP_TRY_VOID(options.before_sending(transaction.id));
        }
        last_signature_ = transaction.id;
        CHATMCP_TRY(const std::optional<SentTransaction> done,
                    follow(transaction, options, deadline));
        if (done.has_value()) {
            return *done;
        }
    }
}

}  // namespace chatmcp::net
