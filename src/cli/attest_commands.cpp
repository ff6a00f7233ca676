#include <CLI/CLI.hpp>

#include "attest/policy.h"
#include "attest/report.h"
#include "base/encoding.h"
#include "cli/attest_report.h"
#include "cli/command.h"
#include "cli/evidence_files.h"

namespace chatmcp::cli {

namespace {

/// `attest verify` prints JSON or text and decides the exit code; `attest show` prints the report
/// for people.
class AttestVerify final : public Command {
  public:
    explicit AttestVerify(bool show) : show_(show) {}
    [[nodiscard]] std::string name() const override {
        return show_ ? "attest show" : "attest verify";
    }
    [[nodiscard]] std::string summary() const override {
        return show_ ? "evidence from a file, explained for people"
                     : "verify evidence from a file, without home and relay";
    }
    [[nodiscard]] std::vector<std::string> fields() const override { return attest_fields(); }
    void add_options(CLI::App& app) override {
        app.add_option(
               "PATH",
               path_,
               "file with a conceptual message wrapper or a quote of SGX or TDX, or a folder "
               "with quote.bin and its collateral")
            ->required();
        app.add_option("--at", at_, "judge at this time, RFC 3339 (default: now)")
            ->type_name("TIME");
        app.add_option(
               "--policy", policy_, "trust policy, docs/policy.md (default: refuse everything)")
            ->type_name("FILE");
        app.add_option("--report-data", report_data_, "what the evidence must be bound to")
            ->type_name("HEX");
    }

    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const EvidenceFiles evidence, EvidenceFiles::read(path_));
        CHATMCP_TRY(const attest::Policy policy, read_policy(policy_));
        UnixMs at = SystemClock().now();
        if (!at_.empty()) {
            CHATMCP_TRY(at, from_time_text(at_));
        }
        attest::FactorReport report = evidence.inspect(policy, at);
        CHATMCP_TRY_VOID(judge_binding(report));
        const Json object = attest_json(report);
        if (show_) {
            context.output.line(object, attest::report_to_text(report));
        } else {
            context.output.line(object, lines_of_report(report));
        }
        return object["accepted"].get<bool>() ? ExitCode::done : ExitCode::refused;
    }

  private:
    /// Evidence in a file is bound to what the caller says it must be bound to; without that it is
    /// bound to nothing known here.
    Result<void> judge_binding(attest::FactorReport& report) {
        if (report_data_.empty() || !report.claims) {
            return {};
        }
        CHATMCP_TRY(const Bytes wanted, from_hex(report_data_));
        const bool is_equal = equal(wanted, report.claims->report_data);
        for (attest::Factor& factor : report.factors) {
            if (factor.id == attest::FactorId::binding) {
                factor = is_equal ? attest::factor_pass(
                                        factor.id, "bound to the report data that was asked for")
                                  : attest::factor_fail(
                                        factor.id,
                                        {Errc::wrong_key, "CLI-23"},
                                        "bound to other report data",
                                        "ask the enclave for evidence over your own nonce");
            }
        }
        return {};
    }

    bool show_;
    std::string path_;
    std::string at_;
    std::string policy_;
    std::string report_data_;
};

}  // namespace

void add_attest_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<AttestVerify>(false));
    commands.push_back(std::make_unique<AttestVerify>(true));
}

}  // namespace chatmcp::cli
