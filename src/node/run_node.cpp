#include "node/run_node.h"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "crypto/random.h"
#include "net/node_service.h"
#include "node/chain_follower.h"
#include "relay/relay.h"
#include "stamps/stamp_book.h"
#include "store/key_file.h"
#include "store/rocks_store.h"

namespace chatmcp::node {
namespace {

constexpr int kStopped = 0;
constexpr int kUnusableInput = 2;
constexpr int kLocalFailure = 4;
constexpr std::size_t kPemFileMaxBytes = std::size_t{1} * 1024 * 1024;
constexpr std::size_t kFingerprintBytes = 8;

Result<std::string> read_pem(const std::string& path) {
    if (path.empty()) {
        return std::string();
    }
    std::error_code problem;
    const auto size = std::filesystem::file_size(path, problem);
    if (problem || size == 0 || size > kPemFileMaxBytes) {
        return fail(Errc::io, "NODE-02");
    }
    std::ifstream file(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.good() && !file.eof()) {
        return fail(Errc::io, "NODE-02");
    }
    return content;
}

Result<void> make_folder(const std::string& path) {
    std::error_code problem;
    if (std::filesystem::is_directory(path, problem)) {
        return {};
    }
    const auto parent = std::filesystem::path(path).parent_path();
    if (!parent.empty()) {
        std::filesystem::create_directories(parent, problem);
    }
    if (::mkdir(path.c_str(), 0700) != 0) {
        return fail(Errc::storage, "NODE-03");
    }
    return {};
}

Result<crypto::SigningKey> load_key(const std::string& folder, crypto::Random& random) {
    std::error_code problem;
    const std::string path = folder + "/relay.key";
    // A new key beside old topics would be a relay that none of their members accepts.
    if (!std::filesystem::exists(path, problem) &&
        std::filesystem::exists(folder + "/store/format", problem)) {
        return fail(Errc::storage_corrupt, "NODE-04");
    }
    CHATMCP_TRY(const SecretBytes seed, store::load_or_create_seed(path, random));
    return crypto::SigningKey::from_seed(seed.view());
}

// Each connection is a descriptor; the usual soft limit of 1024 is below what the server may
// accept.
void raise_descriptor_limit() {
    ::rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
    }
}

const char* sentence(const Error& error) {
    const std::string_view check = error.check;
    if (check == "CHN-05") {
        return "--chain-program is not the base58 address of a program";
    }
    if (check == "NET-60" || check == "NET-61") {
        return "--chain-endpoint wants https://host/path, or http:// on loopback";
    }
    if (check == "STO-14") {
        return "another process has this data folder open";
    }
    if (check == "STO-15") {
        return "a newer version of this program wrote this data folder";
    }
    if (check == "NODE-04") {
        return "the store is there but its relay.key is missing: put the key back from a backup";
    }
    if (check == "STO-16" || check == "STO-17") {
        return "relay.key must be a file of 32 bytes that only its owner can read";
    }
    switch (error.code) {
        case Errc::resource_exhausted:
            return "the disk is full";
        case Errc::storage_corrupt:
            return "the data folder is damaged";
        case Errc::storage:
            return "the data folder cannot be used: is it there, and may this user write to it?";
        case Errc::malformed:
        case Errc::wrong_key:
            return "certificate and key cannot be used together";
        case Errc::refused_by_policy:
            return "plain HTTP is for loopback only: give --tls-cert and --tls-key";
        case Errc::io:
            return "a file or the address cannot be used: is the port taken?";
        case Errc::invalid_argument:
            return "the address cannot be used";
        default:
            return "cannot start";
    }
}

int failed(const NodeOptions& options, Log& log, const Error& error) {
    if (options.json) {
        log.write({.level = LogLevel::error, .name = "node.failed", .fields = {{"error", error}}});
    } else {
        fmt::print(stderr,
                   "chatmcp-node: {} ({}, {})\n",
                   sentence(error),
                   errc_name(error.code),
                   error.check);
    }
    switch (error.code) {
        case Errc::invalid_argument:
        case Errc::malformed:
        case Errc::wrong_key:
        case Errc::refused_by_policy:
            return kUnusableInput;
        default:
            return std::string_view(error.check) == "NODE-02" ? kUnusableInput : kLocalFailure;
    }
}

// SIGINT and SIGTERM are held back from all threads and waited for by this one: one that comes
// while the node starts is not lost, and stops it as cleanly as a later one.
sigset_t hold_back_stop_signals() {
    sigset_t stop_signals;
    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGINT);
    sigaddset(&stop_signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
    return stop_signals;
}

void tell_ready(const NodeOptions& options,
                const net::NodeServer& server,
                const wire::Ed25519Key& key) {
    const std::string hex = to_hex(key);
    const std::string fingerprint = to_hex(ByteView(crypto::sha256(key)).first(kFingerprintBytes));
    if (options.json) {
        // None of these has a character that JSON would escape.
        fmt::print(
            "{{\"event\":\"ready\",\"url\":\"{}\",\"port\":{},\"relay_key\":\"{}\","
            "\"fingerprint\":\"{}\",\"version\":\"{}\"}}\n",
            server.url(),
            server.port(),
            hex,
            fingerprint,
            CHATMCP_VERSION);
    } else {
        fmt::print(
            "listening on {}\nrelay key    {}\nfingerprint  {}\n", server.url(), hex, fingerprint);
    }
    static_cast<void>(std::fflush(stdout));
}

}  // namespace

void StderrLog::write(const LogEvent& event) {
    const std::string time = to_time_text(SystemClock{}.now());
    std::string line = to_json_line(event);
    if (json_) {
        line = "{\"time\":\"" + time + "\"," + line.substr(1);
    } else {
        line = time + " " + line;
    }
    fmt::print(stderr, "{}\n", line);
}

int run_node(const NodeOptions& options) {
    const sigset_t stop_signals = hold_back_stop_signals();
    StderrLog log(options.json);
    // A peer that goes away is an error of its connection, never a signal for the whole node.
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    raise_descriptor_limit();

    net::NodeOptions net_options;
    net_options.address = options.address;
    net_options.port = options.port;
    auto certificate = read_pem(options.tls_certificate_file);
    auto key_pem = read_pem(options.tls_key_file);
    if (!certificate.has_value() || !key_pem.has_value()) {
        return failed(
            options, log, certificate.has_value() ? key_pem.error() : certificate.error());
    }
    net_options.certificate_pem = *std::move(certificate);
    net_options.key_pem = *std::move(key_pem);

    const SystemClock clock;
    crypto::SystemRandom random;
    if (const auto made = make_folder(options.data_folder); !made.has_value()) {
        return failed(options, log, made.error());
    }
    auto key = load_key(options.data_folder, random);
    if (!key.has_value()) {
        return failed(options, log, key.error());
    }
    const auto store = store::RocksStore::open(options.data_folder + "/store");
    if (!store.has_value()) {
        return failed(options, log, store.error());
    }
    stamps::StampBook book;
    const bool has_chain = !options.chain_endpoints.empty();
    std::unique_ptr<ChainFollower> follower;
    if (has_chain) {
        auto started = ChainFollower::start({.endpoints = options.chain_endpoints,
                                             .program = options.chain_program,
                                             .ca_file = options.chain_ca_file},
                                            book,
                                            clock,
                                            log);
        if (!started.has_value()) {
            return failed(options, log, started.error());
        }
        follower = *std::move(started);
    }
    relay::Relay relay(**store,
                       *std::move(key),
                       clock,
                       random,
                       {.retention_ms = std::int64_t{options.retention_days} * kDayMs,
                        .limits = {},
                        .stamp_book = has_chain ? &book : nullptr,
                        .version = CHATMCP_VERSION});
    const auto server = net::NodeServer::start(relay, net_options);
    if (!server.has_value()) {
        return failed(options, log, server.error());
    }
    tell_ready(options, **server, relay.public_key());
    log.info("node.started", {{"port", std::int64_t{(*server)->port()}}});
    int signal = 0;
    sigwait(&stop_signals, &signal);
    log.info("node.stopping");
    (*server)->stop();
    log.info("node.stopped");
    return kStopped;
}

}  // namespace chatmcp::node
