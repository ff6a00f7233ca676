#include <algorithm>
#include <map>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/encoding.h"
#include "chain/program_encoding.h"
#include "chain/program_instruction.h"
#include "cli/command.h"
#include "cli/lookup.h"
#include "cli/stamp_session.h"
#include "cli/views.h"

namespace chatmcp::cli {
namespace {

const char* state_text(client::SentStampState state) {
    switch (state) {
        case client::SentStampState::wanted:
            return "wanted";
        case client::SentStampState::locked:
            return "locked";
        case client::SentStampState::used:
            return "used";
        case client::SentStampState::useless:
            return "useless";
    }
    return "unknown";
}

const char* state_text(client::ReceivedStampState state) {
    switch (state) {
        case client::ReceivedStampState::open:
            return "open";
        case client::ReceivedStampState::accepted:
            return "accepted";
        case client::ReceivedStampState::rejected:
            return "rejected";
    }
    return "unknown";
}

std::string amount_of(std::uint64_t units) {
    return chain::amount_text(units, program::kChatDecimals);
}

Result<std::optional<wire::StampTerms>> terms_of(Home& home,
                                                 Session& session,
                                                 const identity::Caip10& account) {
    CHATMCP_TRY(const auto asked, run_to_end(session, client::AskStampTerms{account}));
    return look<std::optional<wire::StampTerms>>(
        home, [&](client::Client& client, Transaction& transaction) {
            return client.stamp_terms(transaction, asked.id);
        });
}

class StampPrice final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "stamp price"; }
    [[nodiscard]] std::string summary() const override {
        return "what somebody's relay asks of a stranger now";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"address", "wanted", "price", "genesis_hash", "program"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("ADDRESS", address_, "wallet address")->required();
    }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY_VOID(parse_address(context.output, address_));
        CHATMCP_TRY(const auto account, identity::Caip10::from_solana_address(address_));
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(const auto terms, terms_of(home, session, account));
        Json line = {{"address", address_}, {"wanted", terms.has_value()}};
        if (terms.has_value()) {
            line["price"] = amount_of(terms->price);
            line["genesis_hash"] = to_base58(terms->genesis_hash);
            line["program"] = to_base58(terms->program);
        }
        context.output.line(line,
                            terms.has_value() ? chat_text(terms->price) : "no stamp is wanted");
        return ExitCode::done;
    }

  private:
    std::string address_;
};

class StampSettings final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "stamp settings"; }
    [[nodiscard]] std::string summary() const override {
        return "whether strangers need a stamp to write to you, and your own price";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"wanted", "own_price", "price", "contacts", "told"};
    }
    void add_options(CLI::App& app) override {
        CLI::Option* const on = app.add_option(
            "--price", price_, "want stamps of strangers, of so much CHAT; 0: the least there is");
        on->type_name("AMOUNT");
        app.add_flag("--off", off_, "let everybody write")->excludes(on);
    }

    Result<ExitCode> run(const Context& context) override {
        client::SetStampSettings wish{.wanted = !off_, .own_price = 0};
        if (!price_.empty()) {
            CHATMCP_TRY(wish.own_price,
                        parse_amount(context.output, price_, program::kChatDecimals));
        }
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        if (off_ || !price_.empty()) {
            CHATMCP_TRY_VOID(run_to_end(session, wish));
            CHATMCP_TRY_VOID(session.synchronise());  // Contacts get their tokens.
        }
        CHATMCP_TRY(const auto settings,
                    look<client::StampSettingsView>(
                        home, [](client::Client& client, Transaction& transaction) {
                            return client.stamp_settings(transaction);
                        }));
        CHATMCP_TRY(const auto own,
                    (look<std::optional<client::AccountView>>(
                        home, [](client::Client& client, Transaction& transaction) {
                            return client.account(transaction);
                        })));
        std::optional<wire::StampTerms> terms;
        if (settings.wanted && own.has_value()) {
            CHATMCP_TRY(terms, terms_of(home, session, own->account));
        }
        show(context, settings, terms);
        return ExitCode::done;
    }

  private:
    static void show(const Context& context,
                     const client::StampSettingsView& settings,
                     const std::optional<wire::StampTerms>& terms) {
        Json line = {{"wanted", settings.wanted},
                     {"own_price", amount_of(settings.own_price)},
                     {"contacts", settings.tokens},
                     {"told", settings.told}};
        if (terms.has_value()) {
            line["price"] = amount_of(terms->price);
        }
        std::string text = "everybody may write to you";
        if (settings.wanted && terms.has_value()) {
            text = "strangers need a stamp of " + chat_text(terms->price) + " now; members of " +
                   std::to_string(settings.tokens) + " conversations need none";
        } else if (settings.wanted) {
            text =
                "strangers would need a stamp, but your relay follows no chain and takes "
                "everybody";
        }
        context.output.line(line, text);
    }

    std::string price_;
    bool off_ = false;
};

class StampList final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "stamp list"; }
    [[nodiscard]] std::string summary() const override {
        return "stamps of yours, and those that came with invitations";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"direction", "address", "amount", "state", "chat", "one_time_key", "made_ms"};
    }
    void add_options(CLI::App&) override {}

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto sent, sent_stamps(home));
        for (const client::SentStamp& stamp : sent) {
            const std::string who = address_of(stamp.account);
            Json line = {{"direction", "sent"},
                         {"address", who},
                         {"amount", amount_of(stamp.terms.price)},
                         {"state", state_text(stamp.state)},
                         {"made_ms", stamp.made_at.value}};
            if (stamp.one_time_key.has_value()) {
                line["one_time_key"] = to_base58(*stamp.one_time_key);
            }
            context.output.line(line,
                                std::string("sent      ") + state_text(stamp.state) + "  " +
                                    chat_text(stamp.terms.price) + " to " + who);
        }
        CHATMCP_TRY(const auto received, received_stamps(home));
        for (const client::ReceivedStamp& stamp : received) {
            const std::string who = address_of(stamp.inviter);
            Json line = {{"direction", "received"},
                         {"address", who},
                         {"state", state_text(stamp.state)},
                         {"one_time_key", to_base58(stamp.pass.one_time_key)},
                         {"made_ms", stamp.received_at.value}};
            if (stamp.chat.has_value()) {
                line["chat"] = hex(*stamp.chat);
            }
            context.output.line(
                line, std::string("received  ") + state_text(stamp.state) + "  of " + who);
        }
        return ExitCode::done;
    }
};

class StampPay final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "stamp pay"; }
    [[nodiscard]] std::string summary() const override {
        return "lock the stamps that your invitations wait for";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "stamps", "missing"};
    }
    void add_options(CLI::App& app) override {
        wallet_.add_to(app);
        wallet_.add_limit_to(app);
    }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY_VOID(session.synchronise());
        CHATMCP_TRY(const auto stamps, sent_stamps(home));
        std::map<client::IntentId, std::vector<client::SentStamp>> by_intent;
        for (const client::SentStamp& stamp : stamps) {
            if (stamp.state == client::SentStampState::wanted ||
                stamp.state == client::SentStampState::locked) {
                by_intent[stamp.intent].push_back(stamp);
            }
        }
        for (const auto& [intent, wanted] : by_intent) {
            if (wallet_.file.empty()) {
                context.output.explain("give --wallet FILE");
                return fail(Errc::invalid_argument, "CLI-62");
            }
            CHATMCP_TRY(auto locked, lock_stamps(context, wanted, wallet_));
            CHATMCP_TRY(const auto done,
                        run_invitation(context, home, session, std::move(locked), wallet_));
            Json missing = Json::array();
            for (const client::Missing& each : done.missing) {
                missing.push_back(each.account.address());
            }
            context.output.line({{"chat", hex(done.chat.value_or(client::ChatId{}))},
                                 {"stamps", wanted.size()},
                                 {"missing", missing}},
                                std::to_string(wanted.size()) + " stamps locked; invited to " +
                                    hex(done.chat.value_or(client::ChatId{})));
        }
        return ExitCode::done;
    }

  private:
    OptionalWallet wallet_;
};

class StampDecline final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "stamp decline"; }
    [[nodiscard]] std::string summary() const override {
        return "pay nothing: invite only those who want no stamp";
    }
    [[nodiscard]] std::vector<std::string> fields() const override { return {"declined"}; }
    void add_options(CLI::App&) override {}

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(const auto stamps, sent_stamps(home));
        std::size_t declined = 0;
        std::vector<client::IntentId> intents;
        for (const client::SentStamp& stamp : stamps) {
            if (stamp.state != client::SentStampState::wanted) {
                continue;
            }
            ++declined;
            if (std::ranges::find(intents, stamp.intent) == intents.end()) {
                intents.push_back(stamp.intent);
            }
        }
        for (const client::IntentId intent : intents) {
            // With nobody left the invitation is refused, as it was meant.
            CHATMCP_TRY_VOID(session.run(client::DeclineStamps{intent.value}));
        }
        context.output.line({{"declined", declined}}, std::to_string(declined) + " declined");
        return ExitCode::done;
    }
};

class StampAnswer final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "stamp answer"; }
    [[nodiscard]] std::string summary() const override {
        return "give back stamps of those you accepted, burn those of the blocked";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"accepted", "rejected", "given_back", "burned", "transactions"};
    }
    void add_options(CLI::App& app) override { wallet_.add_to(app); }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(const auto done,
                    answer_stamps(context, home, session, {wallet_.file, wallet_.yes}));
        context.output.line({{"accepted", done.accepted},
                             {"rejected", done.rejected},
                             {"given_back", amount_of(done.units_back)},
                             {"burned", amount_of(done.units_burned)},
                             {"transactions", done.transactions}},
                            std::to_string(done.accepted) + " given back, " +
                                std::to_string(done.rejected) + " burned");
        return ExitCode::done;
    }

  private:
    WalletOptions wallet_;
};

class StampReclaim final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "stamp reclaim"; }
    [[nodiscard]] std::string summary() const override {
        return "get back stamps of yours that expired without an answer";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"address", "amount", "state", "expires_slot", "transaction"};
    }
    void add_options(CLI::App& app) override { wallet_.add_to(app); }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const crypto::SigningKey key, read_wallet(wallet_.file));
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
        CHATMCP_TRY(const std::uint64_t slot, chain.rpc().slot(chain::Commitment::confirmed));
        CHATMCP_TRY(const auto stamps, sent_stamps(home));
        for (const client::SentStamp& stamp : stamps) {
            if (stamp.one_time_key.has_value()) {
                CHATMCP_TRY_VOID(settle(context, session, chain, key, stamp, slot));
            }
        }
        return ExitCode::done;
    }

  private:
    Result<void> settle(const Context& context,
                        Session& session,
                        ChainSession& chain,
                        const crypto::SigningKey& key,
                        const client::SentStamp& stamp,
                        std::uint64_t slot) const {
        const ByteArray<32> one_time_key = stamp.one_time_key.value_or(ByteArray<32>{});
        const std::string who = address_of(stamp.account);
        CHATMCP_TRY(const auto there, stamp_on_chain(chain, one_time_key));
        Json line = {{"address", who}, {"amount", amount_of(stamp.terms.price)}};
        if (!there.has_value()) {
            CHATMCP_TRY(const bool over, is_over(chain, one_time_key));
            if (over && stamp.state != client::SentStampState::locked) {
                CHATMCP_TRY_VOID(session.run(client::ForgetStamp{one_time_key}));
            }
            line["state"] = "over";
            context.output.line(line, "over      " + who);
            return {};
        }
        line["expires_slot"] = there->expires_slot;
        const bool mine = chain::address_of(there->sender) == wallet_address(key);
        if (!mine || slot < there->expires_slot) {
            line["state"] = mine ? "open" : "of another wallet";
            context.output.line(line,
                                std::string(mine ? "open      " : "another's ") + who +
                                    ", until slot " + std::to_string(there->expires_slot));
            return {};
        }
        const chain::Address address = chain.at().stamp(chain::Address{one_time_key}).address;
        CHATMCP_TRY(const auto sent,
                    chain.pay("take back " + chat_text(there->amount) + " of the stamp to " + who,
                              {chain::stamp_reclaim(chain.at(), address, wallet_address(key))},
                              key,
                              wallet_.yes));
        line["state"] = "reclaimed";
        line["transaction"] = sent.signature;
        context.output.line(line, "reclaimed " + chat_text(there->amount) + "  " + sent.signature);
        return {};
    }

    WalletOptions wallet_;
};

}  // namespace

void add_stamp_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<StampPrice>());
    commands.push_back(std::make_unique<StampSettings>());
    commands.push_back(std::make_unique<StampList>());
    commands.push_back(std::make_unique<StampPay>());
    commands.push_back(std::make_unique<StampDecline>());
    commands.push_back(std::make_unique<StampAnswer>());
    commands.push_back(std::make_unique<StampReclaim>());
}

}  // namespace chatmcp::cli
