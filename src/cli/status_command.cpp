#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/lookup.h"
#include "cli/views.h"

namespace chatmcp::cli {

namespace {

class Status final : public Command {
  public:
    [[nodiscard]] std::string name() const override { return "status"; }
    [[nodiscard]] std::string summary() const override {
        return "this device, its relay, and what waits; reads the whole home for damage";
    }
    [[nodiscard]] std::vector<std::string> fields() const override {
        return {"account",
                "device",
                "relay",
                "reachable",
                "clock_skew_ms",
                "chats",
                "requests",
                "pending",
                "key_packages",
                "sealed_by",
                "bytes_sent",
                "bytes_received"};
    }
    void add_options(CLI::App&) override {}
    Result<ExitCode> run(const Context& context) override {
        CHATMCP_TRY(Home home, Home::open(context.options, false));
        CHATMCP_TRY_VOID(home.check());
        CHATMCP_TRY(Session session, Session::open(home, context.options));
        const bool reachable = session.synchronise().has_value();
        CHATMCP_TRY(
            const auto status,
            (look<client::StatusView>(home, [](client::Client& client, Transaction& transaction) {
                return client.status(transaction);
            })));
        const auto& account = status.account;
        const Json object = {
            {"account", account ? Json(account->account.text()) : Json(nullptr)},
            {"device", account ? Json(hex(account->root_key)) : Json(nullptr)},
            {"relay", home.node()},
            {"reachable", reachable},
            {"clock_skew_ms", status.clock_skew_ms ? Json(*status.clock_skew_ms) : Json(nullptr)},
            {"chats", status.chats},
            {"requests", status.requests},
            {"pending", status.pending},
            {"key_packages", account ? account->key_packages : 0},
            {"sealed_by", "passphrase"},
            {"bytes_sent", session.carrier().bytes_sent()},
            {"bytes_received", session.carrier().bytes_received()}};
        context.output.line(object, lines_of(object));
        return reachable ? ExitCode::done : ExitCode::unreachable;
    }
};

}  // namespace

void add_status_command(std::vector<std::unique_ptr<Command>>& commands) {
    commands.push_back(std::make_unique<Status>());
}

}  // namespace chatmcp::cli
