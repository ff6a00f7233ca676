#include <algorithm>
#include <map>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/check.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/lookup.h"
#include "cli/payment_session.h"
#include "cli/views.h"

namespace chatmcp::cli {

namespace {

constexpr std::size_t kPageMessages = 500;

const std::vector<std::string>& message_fields() {
    static const std::vector<std::string> fields = {"chat",
                                                    "position",
                                                    "message",
                                                    "author",
                                                    "kind",
                                                    "text",
                                                    "sent_ms",
                                                    "accepted_ms",
                                                    "read_ms",
                                                    "state",
                                                    "self",
                                                    "assistant",
                                                    "answer",
                                                    "payment",
                                                    "payment_request"};
    return fields;
}

class Send final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "send"; }
    [[nodiscard]] std::string summary() const override {
        return "send a message; without TEXT it is read from standard input";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"chat", "message", "position", "state", "sent_ms", "accepted_ms"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        app.add_option("TEXT", text_);
        CLI::Option* const pay =
            app.add_option("--pay", order_.amount, "pay so much CHAT, and say it with the message");
        pay->type_name("AMOUNT");
        app.add_option("--to", order_.to, "whom, where there are several others")
            ->type_name("ADDRESS")
            ->needs(pay);
        app.add_option("--wallet", order_.wallet, "wallet file that pays")
            ->type_name("FILE")
            ->needs(pay);
        app.add_flag("--yes", order_.yes, "sign without asking")->needs(pay);
    }
    Result<ExitCode> run(const Context& context) override {
        if (text_.empty() && order_.amount.empty()) {
            CHATMCP_TRY(const Bytes input, read_standard_input(wire::Content::kTextMaxBytes));
            text_ = to_text(input);
        }
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        order_.text = text_;
        auto sent = order_.amount.empty() ? run_to_end(session, client::SendText{chat, text_})
                                          : pay_in_chat(context, home, session, chat, order_);
        CHATMCP_TRY(const client::IntentView intent, std::move(sent));
        show(context, intent, chat);
        return ExitCode::done;
    }

  private:
    static void show(const Context& context,
                     const client::IntentView& intent,
                     const client::ChatId& chat) {
        CHATMCP_CHECK(intent.message.has_value());
        context.output.line(
            {{"chat", hex(chat)},
             {"message", hex(*intent.message)},
             {"position", intent.position.value_or(0)},
             {"state", intent_state_text(intent.state)},
             {"sent_ms", intent.started_at.value},
             {"accepted_ms", intent.accepted_at.value_or(UnixMs{}).value}},
            intent_state_text(intent.state) + " at " + std::to_string(intent.position.value_or(0)));
    }

    std::string chat_;
    std::string text_;
    PaymentOrder order_;
};

/// Prints what a conversation has after `*since`, and moves it on.
Result<void> print_messages(const Context& context,
                            Home& home,
                            const client::ChatId& chat,
                            std::uint64_t& since,
                            bool pending_too) {
    MessagePrinter printer(context);
    while (true) {
        CHATMCP_TRY(const auto page,
                    (look<std::vector<client::MessageView>>(
                        home, [&](client::Client& client, Transaction& transaction) {
                            return client.messages(transaction, chat, since, kPageMessages);
                        })));
        const std::uint64_t before = since;
        for (const client::MessageView& message : page) {
            if (message.position == 0 && !pending_too) {
                continue;
            }
            printer.print(chat, message);
            since = std::max(since, message.position);
        }
        if (since == before || page.size() < kPageMessages) {
            return {};
        }
    }
}

Result<void> mark_read(Home& home, const client::ChatId& chat, std::uint64_t through) {
    CHATMCP_TRY_VOID(home.transact<bool>([&](Transaction& transaction) -> Result<bool> {
        CHATMCP_TRY_VOID(home.client().mark_read(transaction, chat, through));
        return true;
    }));
    return {};
}

Result<void> print_gaps(const Context& context,
                        Home& home,
                        const client::ChatId& chat,
                        std::uint64_t since) {
    CHATMCP_TRY(
        const auto view,
        (look<client::ChatView>(home, [&](client::Client& client, Transaction& transaction) {
            return client.chat(transaction, chat);
        })));
    for (const client::Gap& gap : view.gaps) {
        if (gap.to > since) {
            context.output.line(
                {{"chat", hex(chat)}, {"position", gap.to}, {"kind", "gap"}, {"text", ""}},
                "     (messages " + std::to_string(gap.from) + " to " + std::to_string(gap.to) +
                    " were never seen here)");
        }
    }
    return {};
}

class Read final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "read"; }
    [[nodiscard]] std::string summary() const override { return "messages of a conversation"; }
    [[nodiscard]] std::vector<std::string> fields() const override { return message_fields(); }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        app.add_option("--since", since_, "only after this position")->type_name("N");
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        const auto fetched = session.synchronise(chat);
        CHATMCP_TRY_VOID(print_gaps(context, home, chat, since_));
        CHATMCP_TRY_VOID(print_messages(context, home, chat, since_, true));
        CHATMCP_TRY_VOID(mark_read(home, chat, since_));
        // What this home has is shown, also when nothing new could be fetched; the exit code says
        // so.
        CHATMCP_TRY_VOID(fetched);
        return ExitCode::done;
    }

  private:
    std::string chat_;
    std::uint64_t since_ = 0;
};

class Follow final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "follow"; }
    [[nodiscard]] std::string summary() const override {
        return "messages as they arrive, until interrupted";
    }
    [[nodiscard]] std::vector<std::string> fields() const override { return message_fields(); }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_, "one conversation; without it: all");
        app.add_option("--for", for_seconds_, "end by itself after so many seconds")
            ->type_name("SECONDS");
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        std::optional<client::ChatId> chat;
        if (!chat_.empty()) {
            CHATMCP_TRY(chat, chat_named(home, chat_));
        }
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        CHATMCP_TRY_VOID(begin(context, home, chat));
        std::optional<Error> problem;
        const auto on_notice = [&](const client::Notice& notice) {
            const auto shown = show(context, home, chat, notice);
            if (!shown.has_value()) {
                problem = shown.error();
            }
            return problem.has_value();
        };
        std::optional<std::chrono::milliseconds> for_ms;
        if (for_seconds_ > 0) {
            for_ms = std::chrono::milliseconds(static_cast<std::int64_t>(for_seconds_ * 1000));
        }
        CHATMCP_TRY_VOID(session.follow(chat, for_ms, on_notice));
        return problem ? Result<ExitCode>(fail(*problem)) : ExitCode::done;
    }

  private:
    /// What is there already of the conversation, or only the place where each one stands.
    Result<void> begin(const Context& context,
                       Home& home,
                       const std::optional<client::ChatId>& chat) {
        if (chat) {
            return print_messages(context, home, *chat, shown_[*chat], false);
        }
        CHATMCP_TRY(const auto chats,
                    (look<std::vector<client::ChatSummary>>(
                        home, [](client::Client& client, Transaction& transaction) {
                            return client.chats(transaction);
                        })));
        for (const client::ChatSummary& each : chats) {
            shown_[each.chat] = each.last_position;
        }
        return {};
    }

    Result<void> show(const Context& context,
                      Home& home,
                      const std::optional<client::ChatId>& chat,
                      const client::Notice& notice) {
        if (const auto* arrived = std::get_if<client::MessagesArrived>(&notice);
            arrived != nullptr && (!chat || *chat == arrived->chat)) {
            std::uint64_t& since = shown_[arrived->chat];
            CHATMCP_TRY_VOID(print_messages(context, home, arrived->chat, since, false));
            return mark_read(home, arrived->chat, since);
        }
        if (const auto* request = std::get_if<client::RequestArrived>(&notice)) {
            context.output.note("a request arrived: " + hex(request->chat).substr(0, 12) +
                                "; see `chatmcp requests list`");
        }
        if (const auto* wrong = std::get_if<client::Misbehaviour>(&notice)) {
            context.output.note("something came that breaks a rule: " + wrong->reason.check);
        }
        return {};
    }

    std::string chat_;
    double for_seconds_ = 0;
    std::map<client::ChatId, std::uint64_t> shown_;
};

}  // namespace

void add_message_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<Send>());
    commands.push_back(std::make_unique<Read>());
    commands.push_back(std::make_unique<Follow>());
}

}  // namespace chatmcp::cli
