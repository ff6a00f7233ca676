#include <CLI/CLI.hpp>

#include "base/encoding.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/lookup.h"

namespace chatmcp::cli {

namespace {

constexpr std::size_t kPolicyMaxBytes = std::size_t{64} * 1024;

Result<Json> current_policy(Home& home) {
    CHATMCP_TRY(
        const auto policy,
        (look<std::optional<Bytes>>(home, [](client::Client& client, Transaction& transaction) {
            return client.policy(transaction);
        })));
    return policy ? Json::parse(as_text(*policy), nullptr, false) : Json::object();
}

/// Trust settings are local: no relay is asked.
Result<void> apply(Home& home, client::Command command) {
    CHATMCP_TRY_VOID(home.transact<client::Effects>([&](Transaction& transaction) {
        return home.client().step(transaction,
                                  client::Event{SystemClock().now(), std::move(command)});
    }));
    // Requests that a change of trust asks for leave with the next command that has a relay.
    return {};
}

class PolicyShow final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "policy show"; }
    [[nodiscard]] std::string summary() const override {
        return "the trust policy; {} refuses everything";
    }
    [[nodiscard]] std::vector<std::string> fields() const override { return {}; }
    void add_options(CLI::App&) override {}
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY(const Json policy, current_policy(home));
        context.output.document(policy);
        return ExitCode::done;
    }
};

class PolicySet final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "policy set"; }
    [[nodiscard]] std::string summary() const override { return "replace the trust policy"; }
    [[nodiscard]] std::vector<std::string> fields() const override { return {"file", "accepted"}; }
    void add_options(CLI::App& app) override { app.add_option("FILE", file_)->required(); }
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Bytes content, read_file(file_, kPolicyMaxBytes));
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY_VOID(apply(home, client::SetPolicy{std::move(content)}));
        CHATMCP_TRY(const Json policy, current_policy(home));
        const Json kinds = policy.contains("kinds") ? policy["kinds"] : Json::array();
        context.output.line({{"file", file_}, {"accepted", kinds}}, "the policy is set");
        return ExitCode::done;
    }

  private:
    std::string file_;
};

Result<wire::Digest> digest_named(const std::string& hex) {
    const auto bytes = from_hex(hex);
    if (!bytes.has_value() || bytes->size() != crypto::kSha256Bytes) {
        return fail(Errc::malformed, "CLI-22");
    }
    return to_array<crypto::kSha256Bytes>(*bytes);
}

class PolicyAllowSimulated final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "policy allow-simulated"; }
    [[nodiscard]] std::string summary() const override {
        return "trust one machine's development root (no hardware protects anything)";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"fingerprint", "measurement", "simulated"};
    }
    void add_options(CLI::App& app) override {
        app.add_option("FINGERPRINT", fingerprint_)->required();
        app.add_option(
            "--measurement", measurement_, "for this program alone, 64 hexadecimal digits");
    }
    Result<ExitCode> run(const Context& context) override {
        client::AllowSimulated allowed;
        CHATMCP_TRY(allowed.root_fingerprint, digest_named(fingerprint_));
        if (!measurement_.empty()) {
            CHATMCP_TRY(allowed.measurement, digest_named(measurement_));
        }
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY_VOID(apply(home, allowed));
        const Json measurement = measurement_.empty() ? Json("any") : Json(measurement_);
        context.output.line(
            {{"fingerprint", fingerprint_}, {"measurement", measurement}, {"simulated", true}},
            "trusted: a simulated TEE, the owner of that machine can read everything in it");
        return ExitCode::done;
    }

  private:
    std::string fingerprint_;
    std::string measurement_;
};

}  // namespace

void add_policy_commands(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<PolicyShow>());
    commands.push_back(std::make_unique<PolicySet>());
    commands.push_back(std::make_unique<PolicyAllowSimulated>());
}

}  // namespace chatmcp::cli
