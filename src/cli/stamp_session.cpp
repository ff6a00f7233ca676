#include "cli/stamp_session.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/encoding.h"
#include "chain/ed25519_instruction.h"
#include "chain/program_encoding.h"
#include "chain/program_instruction.h"
#include "chain/program_statement.h"
#include "cli/lookup.h"
#include "cli/views.h"
#include "stamps/one_time_key.h"

namespace chatmcp::cli {
namespace {

/// So many fit a transaction of version 0 with room for the compute budget.
constexpr std::size_t kLocksMax = 6;
constexpr std::size_t kAnswersMax = 3;

stamps::OneTimeKeyContext context_of(const client::SentStamp& stamp) {
    return {.salt = stamp.salt, .inbox = stamp.inbox, .welcome_digest = stamp.welcome_digest};
}

// The relay named the terms: they are held against the chain that the owner chose.
Result<void> check_terms(const ChainSession& chain, const client::SentStamp& stamp) {
    const bool same_chain = to_base58(stamp.terms.genesis_hash) == chain.settings().genesis_hash &&
                            stamp.terms.program == chain.at().program.bytes;
    if (!same_chain) {
        chain.output().explain("the stamp is to be locked on cluster " +
                               to_base58(stamp.terms.genesis_hash) + ", program " +
                               to_base58(stamp.terms.program) +
                               "; `chatmcp chain use` is set to another one");
        return fail(Errc::wrong_domain, "CLI-60");
    }
    return {};
}

// A relay names the price, and a script does not look at it.
Result<void> check_limit(const Context& context,
                         const client::SentStamp& stamp,
                         const OptionalWallet& wallet) {
    CHATMCP_TRY(const std::uint64_t most,
                parse_amount(context.output, wallet.stamp_max, program::kChatDecimals));
    if (wallet.yes && stamp.terms.price > most) {
        context.output.explain("the stamp to " + address_of(stamp.account) + " takes " +
                               chat_text(stamp.terms.price) + "; --yes pays at most " +
                               wallet.stamp_max + ", see --stamp-max");
        return fail(Errc::refused_by_policy, "CLI-61");
    }
    return {};
}

Result<void> check_balance(ChainSession& chain,
                           const chain::Address& wallet,
                           const std::vector<const client::SentStamp*>& stamps) {
    std::uint64_t sum = 0;
    for (const client::SentStamp* const stamp : stamps) {
        sum += stamp->terms.price;
    }
    CHATMCP_TRY(const std::uint64_t balance, chain.chat_balance(wallet));
    if (balance < sum) {
        chain.output().explain(chat_text(sum) + " are to be locked and the wallet has " +
                               chat_text(balance) +
                               "; buy some (`chatmcp token buy`), then `chatmcp stamp pay`");
        return fail(Errc::pass_required, "CLI-63");
    }
    return {};
}

std::string lock_text(const std::vector<const client::SentStamp*>& stamps,
                      const program::Config& config) {
    std::uint64_t sum = 0;
    std::string lines;
    for (const client::SentStamp* const stamp : stamps) {
        sum += stamp->terms.price;
        lines += "\nto      " + address_of(stamp->account) + ", " + chat_text(stamp->terms.price);
    }
    return "lock " + chat_text(sum) + " in " + std::to_string(stamps.size()) +
           (stamps.size() == 1 ? " stamp" : " stamps") + lines +
           "\nYou have it back when the invitation is accepted, or after " +
           std::to_string(config.params.stamp_open_slots) +
           " slots; if you are blocked it is burned.\nThe chain shows your wallet, the amount and "
           "the time, and later what became of it; not for whom it is.";
}

std::string wanted_text(const std::vector<client::SentStamp>& stamps) {
    std::string text;
    for (const client::SentStamp& stamp : stamps) {
        text += address_of(stamp.account) + " takes messages of strangers with a stamp of " +
                chat_text(stamp.terms.price) + "; ";
    }
    return text + "it waits: `chatmcp stamp pay --wallet FILE`, or `chatmcp stamp decline`";
}

Result<void> lock_batch(ChainSession& chain,
                        const program::Config& config,
                        const std::vector<const client::SentStamp*>& batch,
                        const crypto::SigningKey& key,
                        bool yes) {
    std::vector<chain::Instruction> instructions;
    for (const client::SentStamp* const stamp : batch) {
        CHATMCP_TRY(const ByteArray<32> one_time_key, key_to_lock(*stamp));
        instructions.push_back(chain::stamp_lock(
            chain.at(), wallet_address(key), chain::Address{one_time_key}, stamp->terms.price));
    }
    CHATMCP_TRY_VOID(chain.pay(lock_text(batch, config), std::move(instructions), key, yes));
    return {};
}

/// A stamp that is on the chain, and our answer to it.
struct Answer {
    client::ReceivedStamp stamp;
    program::Stamp account{};
    chain::Address address;
    chain::SignedStatement statement;
    [[nodiscard]] bool accepts() const {
        return stamp.state == client::ReceivedStampState::accepted;
    }
};

struct Recipient {
    crypto::SigningKey stamp_key;
    wire::InboxId inbox{};
};
Result<Recipient> recipient_of(Home& home) {
    CHATMCP_TRY(const auto account,
                (look<std::optional<client::AccountView>>(
                    home, [](client::Client& client, Transaction& transaction) {
                        return client.account(transaction);
                    })));
    CHATMCP_TRY(auto key,
                look<crypto::SigningKey>(home, [](client::Client& client, Transaction& at) {
                    return client.stamp_key(at);
                }));
    return Recipient{std::move(key), account.has_value() ? account->inbox : wire::InboxId{}};
}

// Absent: the chain has no open stamp of ours by this pass, so there is nothing to answer.
Result<std::optional<Answer>> answer_to(ChainSession& chain,
                                        const Recipient& recipient,
                                        const client::ReceivedStamp& stamp) {
    const stamps::OneTimeKeyContext context{
        .salt = stamp.pass.salt, .inbox = recipient.inbox, .welcome_digest = stamp.welcome_digest};
    CHATMCP_TRY(const auto key, stamps::one_time_key(recipient.stamp_key.public_key(), context));
    CHATMCP_TRY(const auto account, stamp_on_chain(chain, key));
    if (key != stamp.pass.one_time_key || !account.has_value() ||
        account->status != program::StampStatus::open) {
        return std::optional<Answer>();
    }
    Answer answer{.stamp = stamp,
                  .account = *account,
                  .address = chain.at().stamp(chain::Address{key}).address,
                  .statement = {.signer = chain::Address{key}, .signature = {}, .message = {}}};
    CHATMCP_TRY(const auto genesis_hash, chain.rpc().genesis_hash());
    const auto digest = chain::stamp_answer_digest(
        {.genesis_hash = genesis_hash, .program = chain.at().program},
        answer.accepts() ? chain::StampVerb::accept : chain::StampVerb::reject,
        answer.address,
        account->locked_slot);
    answer.statement.message = to_bytes(digest);
    answer.statement.signature =
        stamps::sign_with_one_time_key(recipient.stamp_key, context, digest);
    return std::optional(std::move(answer));
}

std::string answers_text(const std::vector<Answer>& batch, std::uint64_t fee_lamports) {
    std::string text = "answer " + std::to_string(batch.size()) + " stamps";
    for (const Answer& answer : batch) {
        text += "\n" + std::string(answer.accepts() ? "back    " : "burned  ") +
                chat_text(answer.account.amount) + " of " + address_of(answer.stamp.inviter);
    }
    return text + "\nThe wallet gets " + sol_text(fee_lamports * batch.size()) +
           " that the senders left for it. The chain shows that it submitted the answers: with a "
           "wallet that is not known as yours it does not show that they are yours.";
}

Result<std::string> submit(ChainSession& chain,
                           const program::Config& config,
                           const std::vector<Answer>& batch,
                           const crypto::SigningKey& key,
                           bool yes) {
    std::vector<chain::SignedStatement> statements;
    statements.reserve(batch.size());
    for (const Answer& answer : batch) {
        statements.push_back(answer.statement);
    }
    std::vector<chain::Instruction> instructions;
    CHATMCP_TRY(instructions.emplace_back(), chain::ed25519_instruction(statements));
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const chain::StampAnswered answered{
            .submitter = wallet_address(key),
            .stamp = batch[i].address,
            .sender = chain::address_of(batch[i].account.sender),
            .signature = {.instruction = 0, .signature = static_cast<std::uint8_t>(i)}};
        instructions.push_back(batch[i].accepts() ? chain::stamp_accept(chain.at(), answered)
                                                  : chain::stamp_reject(chain.at(), answered));
    }
    CHATMCP_TRY(auto sent,
                chain.pay(answers_text(batch, config.params.stamp_submit_fee_lamports),
                          std::move(instructions),
                          key,
                          yes));
    return std::move(sent.signature);
}

}  // namespace

void OptionalWallet::add_to(CLI::App& app) {
    app.add_option("--wallet", file, "wallet file that signs and pays, where stamps are wanted")
        ->type_name("FILE");
    app.add_flag("--yes", yes, "sign without asking");
}

void OptionalWallet::add_limit_to(CLI::App& app) {
    app.add_option(
           "--stamp-max", stamp_max, "with --yes, most that is paid for one stamp; default 10")
        ->type_name("AMOUNT");
}

Result<std::vector<client::SentStamp>> sent_stamps(Home& home) {
    return look<std::vector<client::SentStamp>>(
        home, [](client::Client& client, Transaction& transaction) {
            return client.sent_stamps(transaction);
        });
}

Result<std::vector<client::ReceivedStamp>> received_stamps(Home& home) {
    return look<std::vector<client::ReceivedStamp>>(
        home, [](client::Client& client, Transaction& transaction) {
            return client.received_stamps(transaction);
        });
}

Result<std::optional<program::Stamp>> stamp_on_chain(ChainSession& chain,
                                                     const ByteArray<32>& one_time_key,
                                                     chain::Commitment commitment) {
    return chain.account<program::Stamp>(chain.at().stamp(chain::Address{one_time_key}).address,
                                         commitment);
}

Result<bool> is_over(ChainSession& chain, const ByteArray<32>& one_time_key) {
    CHATMCP_TRY(const auto stamp,
                stamp_on_chain(chain, one_time_key, chain::Commitment::finalized));
    return !stamp.has_value() || stamp->status != program::StampStatus::open;
}

Result<ByteArray<32>> key_to_lock(const client::SentStamp& stamp) {
    CHATMCP_TRY_VOID(stamps::check_stamp_key(stamp.terms.stamp_key));
    return stamps::one_time_key(stamp.terms.stamp_key, context_of(stamp));
}

Result<client::StampsLocked> lock_stamps(const Context& context,
                                         const std::vector<client::SentStamp>& stamps,
                                         const OptionalWallet& wallet) {
    CHATMCP_TRY(const crypto::SigningKey key, read_wallet(wallet.file));
    CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
    client::StampsLocked locked;
    std::vector<const client::SentStamp*> batch;
    for (const client::SentStamp& stamp : stamps) {
        CHATMCP_TRY_VOID(check_terms(chain, stamp));
        CHATMCP_TRY_VOID(check_limit(context, stamp, wallet));
        CHATMCP_TRY(const ByteArray<32> one_time_key, key_to_lock(stamp));
        locked.locks.push_back({stamp.salt, one_time_key});
        // A program that died after it paid pays nothing twice.
        CHATMCP_TRY(const auto there, stamp_on_chain(chain, one_time_key));
        if (!there.has_value()) {
            batch.push_back(&stamp);
        }
    }
    CHATMCP_TRY(const program::Config config, chain.config());
    CHATMCP_TRY_VOID(check_balance(chain, wallet_address(key), batch));
    for (std::size_t i = 0; i < batch.size(); i += kLocksMax) {
        const std::vector part(
            batch.begin() + static_cast<std::ptrdiff_t>(i),
            batch.begin() + static_cast<std::ptrdiff_t>(std::min(i + kLocksMax, batch.size())));
        CHATMCP_TRY_VOID(lock_batch(chain, config, part, key, wallet.yes));
    }
    return locked;
}

Result<client::IntentView> run_invitation(const Context& context,
                                          Home& home,
                                          Session& session,
                                          client::Command command,
                                          const OptionalWallet& wallet) {
    while (true) {
        std::optional<client::IntentId> unpaid;
        const auto stop = [&unpaid](const client::Notice& notice) {
            const auto* const changed = std::get_if<client::IntentChanged>(&notice);
            if (changed != nullptr && changed->intent.state == client::IntentState::pending &&
                changed->intent.reason.has_value() && changed->intent.reason->check == "CLT-75") {
                unpaid = changed->intent.id;
            }
            return unpaid.has_value();
        };
        CHATMCP_TRY(const auto decided, session.run(std::move(command), stop));
        if (decided.has_value()) {
            return decided->state == client::IntentState::refused
                       ? refused_as(decided->reason.value_or(client::Reason{}))
                       : Result<client::IntentView>(*decided);
        }
        CHATMCP_TRY(auto wanted, sent_stamps(home));
        std::erase_if(wanted, [&](const client::SentStamp& stamp) {
            return stamp.intent != unpaid || stamp.state != client::SentStampState::wanted;
        });
        if (wallet.file.empty() || wanted.empty()) {
            context.output.explain(wanted_text(wanted));
            return fail(Errc::pass_required, "CLT-75");
        }
        CHATMCP_TRY(auto locked, lock_stamps(context, wanted, wallet));
        context.output.note("locked; waiting until the chain cannot undo it");
        command = std::move(locked);
    }
}

Result<StampsAnswered> answer_stamps(const Context& context,
                                     Home& home,
                                     Session& session,
                                     const OptionalWallet& wallet) {
    StampsAnswered out;
    CHATMCP_TRY(auto waiting, received_stamps(home));
    std::erase_if(waiting, [](const client::ReceivedStamp& stamp) {
        return stamp.state == client::ReceivedStampState::open;
    });
    if (waiting.empty()) {
        return out;
    }
    CHATMCP_TRY(const crypto::SigningKey key, read_wallet(wallet.file));
    CHATMCP_TRY(const Recipient recipient, recipient_of(home));
    CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
    CHATMCP_TRY(const program::Config config, chain.config());
    std::vector<Answer> answers;
    for (const client::ReceivedStamp& stamp : waiting) {
        CHATMCP_TRY(auto answer, answer_to(chain, recipient, stamp));
        if (answer.has_value()) {
            answers.push_back(*std::move(answer));
            continue;
        }
        // Submitted before, or over otherwise. Kept until that cannot be undone.
        CHATMCP_TRY(const bool over, is_over(chain, stamp.pass.one_time_key));
        if (over) {
            CHATMCP_TRY_VOID(session.run(client::ForgetStamp{stamp.pass.one_time_key}));
        }
    }
    for (std::size_t i = 0; i < answers.size(); i += kAnswersMax) {
        const std::vector batch(answers.begin() + static_cast<std::ptrdiff_t>(i),
                                answers.begin() + static_cast<std::ptrdiff_t>(
                                                      std::min(i + kAnswersMax, answers.size())));
        CHATMCP_TRY(auto transaction, submit(chain, config, batch, key, wallet.yes));
        out.transactions.push_back(std::move(transaction));
        for (const Answer& answer : batch) {
            (answer.accepts() ? out.accepted : out.rejected) += 1;
            (answer.accepts() ? out.units_back : out.units_burned) += answer.account.amount;
        }
    }
    return out;
}

}  // namespace chatmcp::cli
