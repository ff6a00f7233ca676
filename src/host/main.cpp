// chatmcp-host: the untrusted side of an assistant.

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/encoding.h"
#include "host/bridge.h"
#include "host/enclave_process.h"
#include "host/metrics_page.h"
#include "identity/credential.h"
#include "identity/wallet_file.h"
#include "net/carrier.h"
#include "store/sqlite_key_value.h"

namespace chatmcp::host {
namespace {

// The exit codes of every program of ours (docs/cli.md).
constexpr int kDone = 0;
constexpr int kRefused = 1;
constexpr int kUsage = 2;
constexpr int kUnreachable = 3;
constexpr int kLocalFailure = 4;

constexpr int kRestartsMax = 5;
constexpr std::int64_t kRestartWindowMs = 10 * kMinuteMs;
constexpr std::int64_t kCredentialLifetimeMs = 365 * kDayMs;
constexpr std::chrono::milliseconds kRelayWait{10'000};
constexpr std::chrono::milliseconds kRelayAgain{500};

struct Options {
    EnclavePaths paths;
    std::string data;
    std::string node;
    std::string ca_file;
    std::string wallet;
    std::string domain = "terminal.chatmcp";
    bool json = false;
};

/// What to do about a refusal of this program, or about another one by its kind.
const char* advice(const Error& error) {
    struct Advice {
        std::string_view check;
        const char* text;
    };
    static constexpr std::array<Advice, 10> kAdvice{{
        {"ENC-04", "the enclave refused the signature: is this machine's clock right?"},
        {"ENC-27", "another operator signed for this enclave, and conversations hold it to that"},
        {"HST-01", "the wallet file cannot be read: is it there, and a wallet's?"},
        {"HST-02", "the launcher did not start the enclave; its own message is above"},
        {"HST-03", "no operator has signed for this enclave: run chatmcp-host login"},
        {"HST-04", "no enclave sends this: are --simtee and --program of this version?"},
        {"HST-05", "the enclave ended too early; its own message is above"},
        {"HST-06", "no port for the metrics page: too many open files, or no loopback address?"},
        {"HST-07", "no relay answers: is it running, and is --node right?"},
        {"HST-08", "the enclave ended again and again; the reasons are above"},
    }};
    for (const Advice& each : kAdvice) {
        if (each.check == error.check) {
            return each.text;
        }
    }
    switch (error.code) {
        case Errc::resource_exhausted:
            return "the disk of --data is full";
        case Errc::storage:
        case Errc::storage_corrupt:
        case Errc::io:
            return "check --data and the files that were given";
        default:
            return "see docs/CHECKS.md for the rule";
    }
}

int report(const Error& error, const std::string& what) {
    static_cast<void>(std::fprintf(stderr,
                                   "chatmcp-host: %s: %s; %s [%s]\n",
                                   what.c_str(),
                                   std::string(errc_name(error.code)).c_str(),
                                   advice(error),
                                   error.check));
    switch (error.code) {
        case Errc::invalid_argument:
        case Errc::malformed:
            return kUsage;
        case Errc::unavailable:
        case Errc::deadline_exceeded:
            return kUnreachable;
        case Errc::unauthenticated:
        case Errc::refused_by_policy:
            return kRefused;
        default:
            return kLocalFailure;
    }
}

void print(const std::string& line) {
    static_cast<void>(std::printf("%s\n", line.c_str()));
    static_cast<void>(std::fflush(stdout));
}

Result<std::unique_ptr<store::SqliteKeyValue>> open_store(const std::string& folder) {
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
    return store::SqliteKeyValue::open((std::filesystem::path(folder) / "enclave.db").string());
}

/// Errors: unavailable (HST-07) no relay answers there; cancelled (HST-07) a signal came first.
Result<wire::Ed25519Key> ask_relay_key_once(net::Carrier& carrier) {
    constexpr client::EffectId kInfo{~std::uint64_t{0}};
    carrier.carry(client::Request{kInfo, wire::GetRelayInfo{}});
    const auto next = carrier.next(kRelayWait);
    if (std::holds_alternative<net::Carrier::Interrupted>(next)) {
        return fail(Errc::cancelled, "HST-07");
    }
    const auto* arrived = std::get_if<net::Carrier::Arrived>(&next);
    const auto* replied = arrived == nullptr ? nullptr : std::get_if<client::Replied>(arrived);
    const auto* body =
        replied == nullptr ? nullptr : std::get_if<client::ReplyBody>(&replied->outcome);
    const auto* info = body == nullptr ? nullptr : std::get_if<wire::GetRelayInfo::Reply>(body);
    if (info == nullptr) {
        return fail(Errc::unavailable, "HST-07");
    }
    return info->relay_key;
}

/// `patient`: a relay that is away comes back; else the address may be wrong, and that is said.
Result<wire::Ed25519Key> ask_relay_key(net::Carrier& carrier, bool patient) {
    while (true) {
        auto key = ask_relay_key_once(carrier);
        if (key.has_value() || key.error().code != Errc::unavailable || !patient) {
            return key;
        }
        if (std::holds_alternative<net::Carrier::Interrupted>(carrier.next(kRelayAgain))) {
            return fail(Errc::cancelled, "HST-07");
        }
    }
}

// ---- login ----

Result<crypto::SigningKey> read_wallet(const std::string& path) {
    // Read as a block: a folder or a device must end in a refusal, not in an exception or never.
    std::ifstream file(path, std::ios::binary);
    Bytes content(identity::kWalletFileMaxBytes + 1);
    file.read(reinterpret_cast<char*>(content.data()),  // NOLINT(*-reinterpret-cast)
              static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(file.gcount()));
    if (file.bad() || content.empty() || content.size() > identity::kWalletFileMaxBytes) {
        wipe(content);
        return fail(Errc::invalid_argument, "HST-01");
    }
    auto wallet = identity::read_wallet_file(content);
    wipe(content);
    return wallet;
}

Result<Bytes> sign_credential(const crypto::SigningKey& wallet,
                              const std::string& domain,
                              const wire::Started& started) {
    const SystemClock clock;
    identity::AgentCredential credential;
    credential.measurement = started.measurement;
    credential.configuration_digest = started.configuration_digest;
    credential.enclave_key = started.enclave_key;
    credential.operator_account = identity::Caip10::from_solana_key(wallet.public_key());
    credential.domain = domain;
    const UnixMs now = clock.now();
    credential.issued_at_s = static_cast<std::uint64_t>(now.seconds());
    credential.expires_at_s =
        static_cast<std::uint64_t>(now.plus_ms(kCredentialLifetimeMs).seconds());
    const std::string text = credential.text();
    static_cast<void>(std::fprintf(stderr, "the wallet signs:\n\n%s\n\n", text.c_str()));
    CHATMCP_TRY(credential.signature, identity::sign_wallet_text(wallet, text));
    return wire::encode(credential);
}

Result<int> login(const Options& options) {
    CHATMCP_TRY(const crypto::SigningKey wallet, read_wallet(options.wallet));
    CHATMCP_TRY(const auto store, open_store(options.data));
    CHATMCP_TRY(auto carrier,
                net::Carrier::open({.url = options.node, .ca_file = options.ca_file}));
    CHATMCP_TRY(const wire::Ed25519Key relay_key, ask_relay_key(carrier, false));
    CHATMCP_TRY(auto enclave, EnclaveProcess::start(options.paths));
    HostCounters counters;
    Bridge* running = nullptr;
    std::optional<wire::Started> started;
    std::optional<Error> failed;
    bool sent = false;
    bool stored = false;
    Bridge bridge(enclave,
                  carrier,
                  *store,
                  counters,
                  {.started =
                       [&](const wire::Started& who) {
                           started = who;
                           const auto credential = sign_credential(wallet, options.domain, who);
                           if (!credential.has_value()) {
                               failed = credential.error();
                               running->finish();
                               return;
                           }
                           sent = true;
                           static_cast<void>(running->send(wire::OperatorCredential{*credential}));
                       },
                   .listed = [&] { running->finish(); },
                   .stored =
                       [&] {
                           stored = stored || sent;
                           if (stored) {
                               running->finish();
                           }
                       },
                   .noted =
                       [&](std::string_view check) {
                           for (const char* refusal : {"ENC-04", "ENC-27"}) {
                               if (check == refusal) {
                                   failed = Error{Errc::wrong_key, refusal};
                                   running->finish();
                               }
                           }
                       }});
    running = &bridge;
    CHATMCP_TRY(const RunEnd end, bridge.run(relay_key));
    if (failed.has_value()) {
        return fail(*failed);
    }
    if (!started.has_value() || !stored) {
        return end == RunEnd::enclave_ended ? fail(Errc::io, "HST-05")
                                            : fail(Errc::unauthenticated, "HST-03");
    }
    if (options.json) {
        print(nlohmann::json{{"assistant", to_hex(started->enclave_key)},
                             {"measurement", to_hex(started->measurement)}}
                  .dump());
    } else {
        print("assistant " + to_hex(started->enclave_key));
    }
    return kDone;
}

// ---- run ----

struct Announcer {
    const Options& options;
    std::uint16_t metrics_port = 0;
    std::string root;
    std::optional<wire::Started> started;  // Set by the door's thread before `listed`.
    bool announced = false;

    void listed() {
        if (announced || !started.has_value()) {
            return;
        }
        announced = true;
        if (options.json) {
            print(nlohmann::json{{"ready", true},
                                 {"assistant", to_hex(started->enclave_key)},
                                 {"measurement", to_hex(started->measurement)},
                                 {"root_fingerprint", root},
                                 {"metrics_port", metrics_port}}
                      .dump());
            return;
        }
        print("assistant " + to_hex(started->enclave_key) + ", root " + root + ", metrics port " +
              std::to_string(metrics_port));
    }
};

/// One life of the enclave. Errors also: unauthenticated (HST-03) no operator has signed for it.
Result<RunEnd> run_once(const Options& options,
                        store::SqliteKeyValue& store,
                        HostCounters& counters,
                        Announcer& announcer) {
    CHATMCP_TRY(auto carrier,
                net::Carrier::open({.url = options.node, .ca_file = options.ca_file}));
    CHATMCP_TRY(const wire::Ed25519Key relay_key, ask_relay_key(carrier, announcer.announced));
    CHATMCP_TRY(auto enclave, EnclaveProcess::start(options.paths));
    announcer.root = enclave.root_fingerprint();
    Bridge* running = nullptr;
    bool without_credential = false;
    Bridge bridge(enclave,
                  carrier,
                  store,
                  counters,
                  {.started =
                       [&](const wire::Started& who) {
                           announcer.started = who;
                           if (!who.has_credential) {
                               without_credential = true;
                               running->finish();
                           }
                       },
                   .listed = [&] { announcer.listed(); },
                   .stored = [] {},
                   .noted = [](std::string_view) {}});
    running = &bridge;
    CHATMCP_TRY(const RunEnd end, bridge.run(relay_key));
    if (without_credential) {
        return fail(Errc::unauthenticated, "HST-03");
    }
    return end;
}

/// Whether a life that failed is one that is tried again: its enclave ended before it was started
/// up, which on the first try may also be a launcher that can never work.
bool ended_early(const Error& error, bool was_announced) {
    const std::string_view check = error.check;
    return check == "HST-05" || (check == "HST-02" && was_announced);
}

Result<int> run(const Options& options) {
    CHATMCP_TRY(const auto store, open_store(options.data));
    HostCounters counters;
    CHATMCP_TRY(const auto page, MetricsPage::start(counters));
    Announcer announcer{
        .options = options, .metrics_port = page->port(), .root = {}, .started = {}};
    const SystemClock clock;
    UnixMs first = clock.now();
    int restarts = 0;
    while (true) {
        const auto end = run_once(options, *store, counters, announcer);
        if (end.has_value() ? *end == RunEnd::asked : end.error().code == Errc::cancelled) {
            return kDone;
        }
        if (!end.has_value() && !ended_early(end.error(), announcer.announced)) {
            return fail(end.error());
        }
        if (clock.now().value - first.value > kRestartWindowMs) {
            first = clock.now();
            restarts = 0;
        }
        if (++restarts > kRestartsMax) {
            return fail(Errc::internal, "HST-08");
        }
        counters.restarts.fetch_add(1);
        static_cast<void>(std::fprintf(
            stderr, "{\"level\":\"warning\",\"event\":\"enclave ended, started again\"}\n"));
    }
}

void add_common(CLI::App& command, Options& options) {
    command.add_option("--data", options.data, "folder of the sealed state")->required();
    command.add_option("--node", options.node, "URL of the relay")->required();
    command.add_option("--ca", options.ca_file, "PEM of the relay's certificate authority");
    command.add_option("--program", options.paths.program, "chatmcp-enclave")->required();
    command.add_option("--simtee", options.paths.simtee, "chatmcp-simtee")->required();
    command.add_option("--model", options.paths.model, "GGUF of the model")->required();
    command.add_option("--config", options.paths.configuration, "the assistant's configuration")
        ->required();
    command.add_flag("--json", options.json, "one JSON object a line");
}

int main_program(int argc, char** argv) {
    CLI::App app("The untrusted side of an assistant: it carries frames and keeps sealed state.");
    app.require_subcommand(1);
    Options options;
    CLI::App* login_command =
        app.add_subcommand("login", "the operator's wallet signs once for the enclave's key");
    add_common(*login_command, options);
    login_command->add_option("--wallet", options.wallet, "wallet file that signs")->required();
    login_command->add_option("--domain", options.domain, "domain in the text that it signs");
    CLI::App* run_command = app.add_subcommand("run", "run the assistant until SIGTERM");
    add_common(*run_command, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kDone : kUsage;
    }
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    const auto status = *login_command ? login(options) : run(options);
    return status.has_value() ? *status : report(status.error(), *login_command ? "login" : "run");
}

}  // namespace
}  // namespace chatmcp::host

// An exception (no memory) ends the process, as it should.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
    return chatmcp::host::main_program(argc, argv);
}
