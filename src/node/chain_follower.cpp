#include "node/chain_follower.h"

#include <bit>
#include <chrono>
#include <utility>

#include "chain/program_account.h"
#include "chain/program_encoding.h"
#include "chain/rpc_request.h"

namespace chatmcp::node {
namespace {

constexpr std::chrono::milliseconds kBetweenReadings{2'000};
constexpr std::chrono::milliseconds kCallTimeout{10'000};

}  // namespace

Result<void> ChainFollower::read_once(net::SolanaRpc& rpc,
                                      const chain::ProgramAddresses& at,
                                      stamps::StampBook& book,
                                      const Clock& clock) {
    const chain::ReadOptions final_only{.commitment = chain::Commitment::finalized, .min_slot = 0};
    // From before it was asked: an answer that took long is as old as its question.
    const UnixMs now = clock.now();
    CHATMCP_TRY(const ByteArray<32> genesis_hash, rpc.genesis_hash());
    CHATMCP_TRY(const chain::RpcAccounts read, rpc.accounts({at.config.address}, final_only));
    const std::optional<chain::RpcAccount>& account = read.accounts.front();
    if (!account.has_value()) {
        return fail(Errc::not_found, "NODE-06");
    }
    CHATMCP_TRY(const auto config,
                chain::decode_program_account_as<program::Config>(
                    at.program, account->owner, account->data));
    if (std::bit_cast<ByteArray<32>>(config.genesis_hash) != genesis_hash) {
        return fail(Errc::wrong_domain, "NODE-05");
    }
    const chain::AccountFilter stamps_only{
        .offset = 0, .bytes = {static_cast<std::uint8_t>(program::AccountKind::stamp)}};
    CHATMCP_TRY(const chain::RpcProgramAccounts found,
                rpc.common_program_accounts(
                    at.program,
                    {stamps_only},
                    {.commitment = chain::Commitment::finalized, .min_slot = read.slot}));
    stamps::StampsSeen seen{.scope = {.genesis_hash = genesis_hash, .program = at.program},
                            .slot = found.slot,
                            .params = config.params,
                            .stamps = {}};
    for (const auto& [address, account_of_stamp] : found.accounts) {
        CHATMCP_TRY(const auto stamp,
                    chain::decode_program_account_as<program::Stamp>(
                        at.program, account_of_stamp.owner, account_of_stamp.data));
        // The program takes several stamps under one key, at other bumps. The recipient answers the
        // one at the first address, so that no other one counts.
        if (at.stamp(chain::address_of(stamp.one_time_key)).address == address) {
            seen.stamps.push_back(stamp);
        }
    }
    return book.update(seen, now);
}

Result<std::unique_ptr<ChainFollower>> ChainFollower::start(const ChainOptions& options,
                                                            stamps::StampBook& book,
                                                            const Clock& clock,
                                                            Log& log) {
    CHATMCP_TRY(const chain::Address program, chain::Address::parse(options.program));
    CHATMCP_TRY(
        net::SolanaRpc rpc,
        net::SolanaRpc::open(
            {.endpoints = options.endpoints, .ca_file = options.ca_file, .timeout = kCallTimeout}));
    std::unique_ptr<ChainFollower> out(
        new ChainFollower(std::move(rpc), program, book, clock, log));
    out->thread_ = std::thread([raw = out.get()] { raw->run(); });
    return out;
}

ChainFollower::ChainFollower(net::SolanaRpc rpc,
                             const chain::Address& program,
                             stamps::StampBook& book,
                             const Clock& clock,
                             Log& log)
    : rpc_(std::move(rpc)),
      at_(chain::ProgramAddresses::of(program)),
      book_(book),
      clock_(clock),
      log_(log) {}

ChainFollower::~ChainFollower() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void ChainFollower::tell(const Result<void>& outcome) {
    if (was_seen_ == outcome.has_value()) {
        return;
    }
    was_seen_ = outcome.has_value();
    if (outcome.has_value()) {
        log_.info("chain.seen");
    } else {
        log_.write({.level = LogLevel::warning,
                    .name = "chain.away",
                    .fields = {{"error", outcome.error()}}});
    }
}

void ChainFollower::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        tell(read_once(rpc_, at_, book_, clock_));
        lock.lock();
        wake_.wait_for(lock, kBetweenReadings, [this] { return stopping_; });
    }
}

}  // namespace chatmcp::node
