#include <CLI/CLI.hpp>

#include "base/check.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/lookup.h"
#include "cli/views.h"

namespace chatmcp::cli {

namespace {

/// A model on one core may think for long; progress is shown meanwhile.
constexpr std::chrono::minutes kAnswerWaitMax{30};

const char* stage_text(std::uint8_t stage) {
    return stage == 1 ? "queued" : stage == 2 ? "reading" : "writing";
}

class Ask final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "ask"; }
    [[nodiscard]] std::string summary() const override {
        return "ask the conversation's assistant";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"progress",
                "done",
                "total",
                "answer",
                "points",
                "rests_on",
                "dropped",
                "receipt",
                "lacking",
                "first_token_ms",
                "tokens",
                "tokens_per_second"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        app.add_option("TEXT", text_, "the question; without it: standard input");
        app.add_flag("--summarise", summarise_, "a summary instead of an answer");
    }
    Result<ExitCode> run(const Context& context) override {
        if (text_.empty()) {
            CHATMCP_TRY(const Bytes input, read_standard_input(wire::Question::kTextMaxBytes));
            text_ = to_text(input);
        }
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        GlobalOptions patient = context.options;
        patient.timeout_seconds = std::chrono::duration<double>(kAnswerWaitMax).count();
        CHATMCP_TRY(Session session, Session::open(home, patient));
        // Who agreed may have been added to the companion since: the welcome waits in the inbox.
        CHATMCP_TRY_VOID(session.synchronise());
        const auto on_notice = [&](const client::Notice& notice) {
            if (const auto* progress = std::get_if<client::QuestionProgress>(&notice)) {
                show_progress(context, progress->progress);
            }
            return false;
        };
        const auto scope = summarise_ ? wire::Scope::summarise : wire::Scope::answer;
        CHATMCP_TRY(const auto decided, session.run(client::Ask{chat, scope, text_}, on_notice));
        CHATMCP_CHECK(decided.has_value());
        return show(context, home, *decided);
    }

  private:
    static void show_progress(const Context& context, const wire::Progress& progress) {
        if (context.output.json()) {
            context.output.line({{"progress", stage_text(progress.stage)},
                                 {"done", progress.done},
                                 {"total", progress.total}},
                                "");
        } else {
            context.output.note(std::string(stage_text(progress.stage)) + " " +
                                std::to_string(progress.done) + "/" +
                                std::to_string(progress.total));
        }
    }

    static Result<ExitCode> show(const Context& context,
                                 Home& home,
                                 const client::IntentView& intent) {
        CHATMCP_TRY(
            const auto asked,
            (look<client::AskView>(home, [&](client::Client& client, Transaction& transaction) {
                return client.asked(transaction, intent.id);
            })));
        if (asked.refusal) {
            context.output.note("the assistant refused: " + printable(asked.refusal->reason));
            return refused_as({Errc::refused_by_policy, asked.refusal->check});
        }
        if (intent.state == client::IntentState::refused) {
            return refused_as(intent.reason.value_or(client::Reason{}));
        }
        const auto& answered = asked.post;
        const auto& post_id = asked.post_id;
        CHATMCP_CHECK(answered.has_value());
        CHATMCP_CHECK(post_id.has_value());
        const wire::AnswerPost& post = *answered;
        const std::string receipt = hex(*post_id);
        const wire::AnswerText& answer = post.answer;
        Json rests_on = Json::array();
        for (std::size_t i = 0; i < answer.rests_on.size(); ++i) {
            const std::uint64_t position =
                i < asked.rests_on_positions.size() ? asked.rests_on_positions[i] : 0;
            rests_on.push_back({{"message", hex(answer.rests_on[i])}, {"position", position}});
        }
        const double seconds = asked.timing.generation_ms / 1000.0;
        std::string text = printable(answer.text);
        for (const std::string& point : answer.points) {
            text += "\n- " + printable(point);
        }
        context.output.line(
            {{"answer", answer.text},
             {"points", answer.points},
             {"rests_on", std::move(rests_on)},
             {"dropped", answer.dropped},
             {"receipt", receipt},
             {"lacking", post.lacking},
             {"first_token_ms", asked.timing.first_token_ms},
             {"tokens", asked.timing.output_tokens},
             {"tokens_per_second", seconds > 0 ? asked.timing.output_tokens / seconds : 0.0}},
            text + "\n(draft by a small model, " + printable(post.receipt.platform) +
                "; rests on " + std::to_string(answer.rests_on.size()) + " messages; receipt " +
                receipt.substr(0, 12) + ")");
        return ExitCode::done;
    }

    std::string chat_;
    std::string text_;
    bool summarise_ = false;
};

}  // namespace

void add_ask_command(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<Ask>());
}

}  // namespace chatmcp::cli
