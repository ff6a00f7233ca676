#include "net/attestation_service.h"

#include <memory>
#include <utility>

#include "attest/appraise.h"
#include "base/clock.h"
#include "chatmcp/v1/attestation.pb.h"
#include "net/status.h"

namespace chatmcp::net {

namespace {

namespace asio = boost::asio;
namespace v1 = chatmcp::v1;

Result<attest::EvidenceBundle> bundle_of(const v1::VerifyRequest& request) {
    std::optional<attest::Kind> forced;
    if (!request.kind().empty()) {
        CHATMCP_TRY(forced, attest::kind_named(request.kind()));
    }
    attest::NamedFiles files;
    for (const v1::EvidenceFile& each : request.files()) {
        if (!files.emplace(each.name(), to_bytes(as_bytes(each.content()))).second) {
            return fail(Errc::invalid_argument, "NET-73");
        }
    }
    if (files.size() == 1 && files.begin()->first.empty()) {
        return attest::bundle_of_file(std::move(files.begin()->second), forced);
    }
    return attest::bundle_of_files(std::move(files), forced);
}

Result<attest::Policy> policy_of(const std::string& text) {
    if (text.empty()) {
        return attest::Policy{};
    }
    if (auto profile = attest::policy_profile(text); profile.has_value()) {
        return *std::move(profile);
    }
    return attest::parse_policy(text);
}

std::optional<Bytes> unless_empty(const std::string& bytes) {
    return bytes.empty() ? std::nullopt : std::optional(to_bytes(as_bytes(bytes)));
}

Result<std::shared_ptr<const ProtobufMessage>> verify(const v1::VerifyRequest& request) {
    static const attest::Roots roots = attest::builtin_roots();
    CHATMCP_TRY(attest::EvidenceBundle bundle, bundle_of(request));
    CHATMCP_TRY(const attest::Policy policy, policy_of(request.policy()));
    const attest::Clues clues{.report_data = unless_empty(request.report_data()),
                              .nonce = unless_empty(request.nonce())};
    const UnixMs at = request.at_ms() == 0 ? SystemClock().now() : UnixMs{request.at_ms()};
    const attest::FactorReport report =
        attest::inspect(std::move(bundle), roots, policy, clues, at);
    auto response = std::make_shared<v1::VerifyResponse>();
    response->set_verifies(report.claims.has_value());
    response->set_accepted(report.accepted);
    response->set_report(attest::report_to_json(report));
    return response;
}

class VerifyMethod final : public UnaryMethod {
  public:
    explicit VerifyMethod(WorkerPool& pool) : pool_(pool) {}

    [[nodiscard]] std::unique_ptr<ProtobufMessage> new_request() const override {
        return std::make_unique<v1::VerifyRequest>();
    }

    asio::awaitable<UnaryReply> call(CallContextPtr /*context*/,
                                     std::unique_ptr<ProtobufMessage> request) override {
        return answer(pool_, std::move(request));
    }

  private:
    static asio::awaitable<UnaryReply> answer(WorkerPool& pool,
                                              std::unique_ptr<ProtobufMessage> message) {
        const std::shared_ptr<const ProtobufMessage> kept = std::move(message);
        auto work = [kept]() { return verify(dynamic_cast<const v1::VerifyRequest&>(*kept)); };
        const auto verified = co_await pool.run(std::move(work));
        UnaryReply reply;
        if (verified.has_value()) {
            reply.message = *verified;
        } else {
            reply.error = refusal_of(verified.error());
        }
        co_return reply;
    }

    WorkerPool& pool_;
};

}  // namespace

void add_attestation_service(Routes& routes, WorkerPool& pool) {
    routes.add_unary("/chatmcp.v1.AttestationService/Verify",
                     kVerifyRequestMaxBytes,
                     std::make_unique<VerifyMethod>(pool));
}

}  // namespace chatmcp::net
