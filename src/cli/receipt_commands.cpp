#include <algorithm>

#include <CLI/CLI.hpp>

#include "attest/roots.h"
#include "base/encoding.h"
#include "cli/attest_report.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/lookup.h"
#include "cli/replay.h"
#include "cli/views.h"
#include "client/agent_protocol.h"
#include "client/companion.h"
#include "client/trust.h"

namespace chatmcp::cli {

namespace {

Json inputs_json(const wire::Receipt& receipt) {
    Json list = Json::array();
    for (const wire::MessageId& id : receipt.inputs) {
        list.push_back(hex(id));
    }
    return list;
}

class ReceiptShow final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "receipt show"; }
    [[nodiscard]] std::string summary() const override {
        return "an answer's receipt; --out writes all that a stranger needs to verify it";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"receipt",
                "question",
                "answer",
                "inputs",
                "measurement",
                "weights",
                "platform",
                "sequence",
                "time_ms",
                "configuration",
                "file"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("CHAT", chat_)->required();
        app.add_option("MESSAGE", message_, "id of the answer in the conversation")->required();
        app.add_option("--out", out_, "write the receipt's bundle")->type_name("FILE");
        app.add_option("--evidence", evidence_, "write the agent's evidence (CMW)")
            ->type_name("FILE");
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const auto chat, chat_named(home, chat_));
        CHATMCP_TRY(
            const auto message,
            (look<client::MessageView>(home, [&](client::Client& client, Transaction& transaction) {
                return client.find_message(transaction, chat, message_);
            })));
        CHATMCP_TRY(
            const auto file,
            (look<client::ReceiptFile>(home, [&](client::Client& client, Transaction& transaction) {
                return client.receipt(transaction, chat, message.id);
            })));
        if (!out_.empty()) {
            CHATMCP_TRY_VOID(write_file(out_, wire::encode(file), 0600));
        }
        if (!evidence_.empty()) {
            CHATMCP_TRY(const auto shown,
                        client::verify_shown_leaf(file.answer_post.agent_leaf,
                                                  file.answer_post.companion_id,
                                                  file.announcement.grant.agent_credential_digest));
            CHATMCP_TRY_VOID(write_file(evidence_, shown.evidence.evidence, 0644));
        }
        const wire::Receipt& receipt = file.answer_post.receipt;
        const Json object = {{"receipt", hex(message.id)},
                             {"question", file.answer_post.question().text},
                             {"answer", file.answer_post.answer.text},
                             {"inputs", inputs_json(receipt)},
                             {"measurement", hex(receipt.measurement)},
                             {"weights", hex(receipt.weights_root)},
                             {"configuration", hex(receipt.configuration_digest)},
                             {"platform", receipt.platform},
                             {"sequence", receipt.sequence},
                             {"time_ms", receipt.time.value},
                             {"file", out_.empty() ? Json(nullptr) : Json(out_)}};
        context.output.line(object, lines_of(object));
        return ExitCode::done;
    }

  private:
    std::string chat_;
    std::string message_;
    std::string out_;
    std::string evidence_;
};

/// What verification came to: a report with, in front, what is wrong with the receipt itself.
struct Verdict {
    attest::FactorReport report;
    std::optional<Error> receipt_error;
};

class ReceiptVerify final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "receipt verify"; }
    [[nodiscard]] std::string summary() const override {
        return "verify a receipt from its file, without home and relay";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"verifies", "accepted", "refusals", "factors", "replay"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("FILE", file_, "written by receipt show --out")->required();
        app.add_option(
               "--policy", policy_, "trust policy, docs/policy.md (default: refuse everything)")
            ->type_name("FILE");
        app.add_option(
               "--at",
               at_,
               "judge the evidence at this time, RFC 3339 (default: when the answer was accepted)")
            ->type_name("TIME");
        auto* replay =
            app.add_flag("--replay", replay_, "run the model again on the disclosed prompts");
        app.add_option("--enclave", files_.enclave, "enclave program")
            ->needs(replay)
            ->type_name("PROGRAM");
        app.add_option("--model", files_.model, "model file")->needs(replay)->type_name("FILE");
        app.add_option("--config", files_.configuration, "assistant configuration")
            ->needs(replay)
            ->type_name("FILE");
    }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const Bytes content, read_file(file_, client::ReceiptFile::kMaxBytes));
        CHATMCP_TRY(const auto file, wire::decode<client::ReceiptFile>(content));
        CHATMCP_TRY(const Verdict verdict, judge(file));
        std::string replayed;
        if (replay_) {
            CHATMCP_TRY(replayed, replay(file, files_));
        }
        const bool verifies = !verdict.receipt_error && verdict.report.claims.has_value();
        const bool accepted = verifies && verdict.report.accepted;
        const Json object = report(verdict, verifies, accepted, replayed);
        context.output.line(object, text_of(verdict, verifies, accepted, replayed));
        return accepted && replayed != "differs" ? ExitCode::done : ExitCode::refused;
    }

  private:
    [[nodiscard]] Result<Verdict> judge(const client::ReceiptFile& file) const {
        client::TrustSettings trust;
        CHATMCP_TRY(trust.policy, read_policy(policy_));
        trust.roots = attest::builtin_roots();
        UnixMs at = file.answered_at;
        if (!at_.empty()) {
            CHATMCP_TRY(at, from_time_text(at_));
        }
        const wire::AnswerPost& post = file.answer_post;
        const wire::Grant& grant = file.announcement.grant;
        Verdict verdict;
        const auto agent = client::verify_shown_leaf(
            post.agent_leaf, post.companion_id, grant.agent_credential_digest);
        if (!agent.has_value()) {
            verdict.receipt_error = agent.error();
            return verdict;
        }
        const auto held = client::verify_answer_post(post, grant, *agent);
        if (!held.has_value()) {
            verdict.receipt_error = held.error();
        }
        const client::AgentSurroundings surroundings{
            post.companion_id, client::development_of(agent->evidence.evidence, trust)};
        CHATMCP_TRY(attest::Appraisal appraisal,
                    client::appraise_agent(agent->leaf, surroundings, trust, at));
        verdict.report = std::move(appraisal.report);
        if (!verdict.receipt_error && verdict.report.claims.has_value()) {
            const auto fits = client::verify_receipt_claims(post.receipt, *verdict.report.claims);
            verdict.receipt_error = fits.has_value() ? std::nullopt : std::optional(fits.error());
        }
        return verdict;
    }

    static Json report(const Verdict& verdict,
                       bool verifies,
                       bool accepted,
                       const std::string& replayed) {
        const Json attested = attest_json(verdict.report);
        Json refusals = attested["refusals"];
        if (verdict.receipt_error) {
            // Written out: braces alone would insert two lists.
            const Json refusal = {{"check", verdict.receipt_error->check},
                                  {"detail", errc_name(verdict.receipt_error->code)}};
            refusals.insert(refusals.begin(), refusal);
        }
        return {{"verifies", verifies},
                {"accepted", accepted},
                {"refusals", std::move(refusals)},
                {"factors", attested["factors"]},
                {"replay", replayed.empty() ? Json(nullptr) : Json(replayed)}};
    }

    static std::string text_of(const Verdict& verdict,
                               bool verifies,
                               bool accepted,
                               const std::string& replayed) {
        std::string text = std::string("verifies  ") + (verifies ? "yes" : "no") + "\naccepted  " +
                           (accepted ? "yes" : "no");
        if (verdict.receipt_error) {
            text += std::string("\nrefused   ") + verdict.receipt_error->check;
        }
        if (!replayed.empty()) {
            text += "\nreplay    " + replayed;
        }
        return text + "\n" + attest::report_to_text(verdict.report);
    }

    std::string file_;
    std::string policy_;
    std::string at_;
    bool replay_ = false;
    ReplayFiles files_;
};

}  // namespace

void add_receipt_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<ReceiptShow>());
    commands.push_back(std::make_unique<ReceiptVerify>());
}

}  // namespace chatmcp::cli
