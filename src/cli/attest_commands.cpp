#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "attest/appraise.h"
#include "attest/attestation_result.h"
#include "attest/certificate.h"
#include "base/encoding.h"
#include "cli/attest_report.h"
#include "cli/command.h"
#include "cli/evidence_files.h"
#include "cli/files.h"
#include "crypto/hash.h"

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
        app.add_option("PATH",
                       path_,
                       "file with evidence of any kind or a conceptual message, or a folder with "
                       "evidence and its collateral (docs/attestation.md)")
            ->required();
        app.add_option("--at", at_, "judge at this time, RFC 3339 (default: now)")
            ->type_name("TIME");
        app.add_option("--policy",
                       policy_,
                       "trust policy: a file, or strict, production or development "
                       "(default: refuse everything)")
            ->type_name("FILE");
        app.add_option("--report-data", report_data_, "what the evidence must be bound to")
            ->type_name("HEX");
        app.add_option("--nonce", nonce_, "the nonce that the evidence must hold")
            ->type_name("HEX");
        app.add_option("--kind", kind_, "what it is, instead of finding out by its content")
            ->type_name("KIND");
        app.add_option("--roots", roots_, "folder with roots to use instead of the makers' own")
            ->type_name("DIR");
        app.add_option(
               "--result", result_, "write the report as a signed EAT attestation result too")
            ->type_name("FILE");
        app.add_option("--result-key",
                       result_key_,
                       "file with the Ed25519 seed that signs it, 64 hexadecimal digits")
            ->type_name("FILE");
    }

    Result<ExitCode> run(const Context& context) override {
        std::optional<attest::Kind> forced;
        if (!kind_.empty()) {
            CHATMCP_TRY(forced, kind_of(kind_));
        }
        CHATMCP_TRY(attest::EvidenceBundle bundle, read_evidence(path_, forced));
        CHATMCP_TRY(const attest::Policy policy, read_policy(policy_));
        CHATMCP_TRY(const attest::Roots roots, read_roots(roots_));
        UnixMs at = SystemClock().now();
        if (!at_.empty()) {
            CHATMCP_TRY(at, from_time_text(at_));
        }
        attest::Clues clues;
        CHATMCP_TRY(clues.report_data, bytes_of(report_data_));
        CHATMCP_TRY(clues.nonce, bytes_of(nonce_));
        const attest::FactorReport report =
            attest::inspect(std::move(bundle), roots, policy, clues, at);
        CHATMCP_TRY_VOID(write_result(report));
        const Json object = attest_json(report);
        context.output.line(object,
                            show_ ? attest::report_to_text(report) : lines_of_report(report));
        return report.accepted ? ExitCode::done : ExitCode::refused;
    }

  private:
    static Result<attest::Kind> kind_of(const std::string& name) {
        const auto kind = attest::kind_named(name);
        return kind.has_value() ? kind : fail(Errc::invalid_argument, "CLI-25");
    }
    static Result<std::optional<Bytes>> bytes_of(const std::string& hex) {
        if (hex.empty()) {
            return std::optional<Bytes>();
        }
        CHATMCP_TRY(Bytes bytes, from_hex(hex));
        return std::optional(std::move(bytes));
    }

    /// Nothing without --result. Errors: invalid_argument (CLI-27) no key, or none of its form;
    ///         those of read_file and write_file.
    [[nodiscard]] Result<void> write_result(const attest::FactorReport& report) const {
        constexpr std::size_t kKeyFileMaxBytes = 128;
        constexpr unsigned kReadableByAll = 0644;
        if (result_.empty() && result_key_.empty()) {
            return {};
        }
        if (result_.empty() || result_key_.empty()) {
            return fail(Errc::invalid_argument, "CLI-27");
        }
        CHATMCP_TRY(const Bytes text, read_file(result_key_, kKeyFileMaxBytes));
        std::string_view digits = as_text(text);
        while (digits.ends_with('\n')) {
            digits.remove_suffix(1);
        }
        const auto seed = from_hex(digits);
        if (!seed.has_value() || seed->size() != crypto::kEd25519SeedBytes) {
            return fail(Errc::invalid_argument, "CLI-27");
        }
        const auto key = crypto::SigningKey::from_seed(*seed);
        return write_file(result_, attest::attestation_result(report, key), kReadableByAll);
    }

    bool show_;
    std::string path_;
    std::string at_;
    std::string policy_;
    std::string report_data_;
    std::string nonce_;
    std::string kind_;
    std::string roots_;
    std::string result_;
    std::string result_key_;
};

/// Whose roots verification starts from.
class AttestRoots final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "attest roots"; }
    [[nodiscard]] std::string summary() const override {
        return "the makers' roots that evidence is verified from";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"kinds", "subject", "fingerprint", "not_before_ms", "not_after_ms"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("--roots", roots_, "folder with roots to use instead of the makers' own")
            ->type_name("DIR");
    }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(const attest::Roots roots, read_roots(roots_));
        const std::vector<std::pair<std::string, std::vector<Bytes>>> groups = {
            {"sgx, tdx, azure-vtpm", {roots.intel_sgx}},
            {"sev-snp, azure-vtpm", roots.amd},
            {"nitro", {roots.aws_nitro}},
            {"android-key", roots.google_android},
            {"tpm", roots.tpm},
            {"nvidia-gpu", {roots.nvidia}}};
        for (const auto& [kinds, certificates] : groups) {
            for (const Bytes& der : certificates) {
                if (!der.empty()) {
                    CHATMCP_TRY_VOID(print(context, kinds, der));
                }
            }
        }
        return ExitCode::done;
    }

  private:
    static Result<void> print(const Context& context, const std::string& kinds, ByteView der) {
        CHATMCP_TRY(const auto root, attest::Certificate::read(der));
        const std::string subject = printable(attest::common_name_of(root.subject));
        const std::string fingerprint = hex(crypto::sha256(der));
        context.output.line({{"kinds", kinds},
                             {"subject", subject},
                             {"fingerprint", fingerprint},
                             {"not_before_ms", root.not_before.value},
                             {"not_after_ms", root.not_after.value}},
                            fingerprint + "  " + kinds + "  " + subject);
        return {};
    }

    std::string roots_;
};

}  // namespace

void add_attest_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<AttestVerify>(false));
    commands.push_back(std::make_unique<AttestVerify>(true));
    commands.push_back(std::make_unique<AttestRoots>());
}

}  // namespace chatmcp::cli
