#include "cli/home.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cli/files.h"
#include "store/sqlite_key_value.h"

namespace chatmcp::cli {

namespace {

constexpr std::size_t kPassphraseMaxBytes = 4096;
constexpr std::string_view kDatabaseName = "home.sqlite";
constexpr std::string_view kSettingsName = "settings.json";

/// Reads one line from the terminal without showing it.
Result<SecretBytes> ask_terminal(const char* prompt) {
    const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);  // NOLINT(*-vararg)
    if (terminal < 0) {
        return fail(Errc::wrong_passphrase, "CLI-03");
    }
    termios before{};
    const bool is_terminal = ::tcgetattr(terminal, &before) == 0;
    if (is_terminal) {
        termios quiet = before;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        static_cast<void>(::tcsetattr(terminal, TCSAFLUSH, &quiet));
    }
    // After the flush, so that what is typed at once is not thrown away.
    static_cast<void>(::write(terminal, prompt, std::string_view(prompt).size()));
    SecretBytes line(kPassphraseMaxBytes);
    std::size_t used = 0;
    char next = 0;
    while (used < kPassphraseMaxBytes && ::read(terminal, &next, 1) == 1 && next != '\n') {
        line.mutable_view()[used++] = static_cast<std::uint8_t>(next);
    }
    if (is_terminal) {
        static_cast<void>(::tcsetattr(terminal, TCSAFLUSH, &before));
        static_cast<void>(::write(terminal, "\n", 1));
    }
    static_cast<void>(::close(terminal));
    return SecretBytes(line.view().first(used));
}

SecretBytes without_line_end(const Bytes& content) {
    ByteView view = content;
    while (!view.empty() && (view.back() == '\n' || view.back() == '\r')) {
        view = view.first(view.size() - 1);
    }
    return SecretBytes(view);
}

}  // namespace

struct Home::State {
    std::filesystem::path folder;
    std::unique_ptr<store::SqliteKeyValue> database;
    std::optional<client::Client> client;
    crypto::SystemRandom random;
    std::string node;
    std::string ca;
};

std::filesystem::path default_home() {
    const char* data =
        std::getenv("XDG_DATA_HOME");  // NOLINT(concurrency-mt-unsafe): before any thread.
    if (data != nullptr && *data == '/') {
        return std::filesystem::path(data) / "chatmcp";
    }
    const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
    return std::filesystem::path(home != nullptr ? home : "/") / ".local/share/chatmcp";
}

Result<SecretBytes> passphrase(const GlobalOptions& options, bool confirm) {
    SecretBytes secret;
    if (!options.passphrase_file.empty()) {
        CHATMCP_TRY(Bytes content, read_file(options.passphrase_file, kPassphraseMaxBytes));
        secret = without_line_end(content);
        wipe(content);
    } else if (const char* variable =
                   std::getenv("CHATMCP_PASSPHRASE")) {  // NOLINT(concurrency-mt-unsafe)
        secret = SecretBytes(as_bytes(variable));
    } else {
        CHATMCP_TRY(secret, ask_terminal("passphrase: "));
        if (confirm) {
            CHATMCP_TRY(const SecretBytes again, ask_terminal("the same again: "));
            if (!equal_constant_time(secret.view(), again.view())) {
                return fail(Errc::wrong_passphrase, "CLI-04");
            }
        }
    }
    if (secret.empty()) {
        return fail(Errc::wrong_passphrase, "CLI-03");
    }
    return secret;
}

namespace {

/// Which relay, remembered in the clear: no secret, and the network shows it anyway.
void read_settings(const std::filesystem::path& file, std::string& node, std::string& ca) {
    const auto content = read_file(file, std::size_t{64} * 1024);
    if (!content.has_value()) {
        return;
    }
    const auto settings = nlohmann::json::parse(as_text(*content), nullptr, false);
    if (settings.is_object()) {
        node = settings.value("node", "");
        ca = settings.value("ca", "");
    }
}

}  // namespace

Result<Home> Home::open(const GlobalOptions& options, bool create) {
    auto state = std::make_unique<State>();
    state->folder = options.home.empty() ? default_home() : std::filesystem::path(options.home);
    const auto file = state->folder / kDatabaseName;
    std::error_code problem;
    const bool exists = std::filesystem::exists(file, problem);
    if (!exists && !create) {
        return fail(Errc::not_found, "CLI-01");
    }
    std::filesystem::create_directories(state->folder, problem);
    if (problem || ::chmod(state->folder.c_str(), 0700) != 0) {
        return fail(Errc::io, "CLI-02");
    }
    read_settings(state->folder / kSettingsName, state->node, state->ca);
    if (!options.node.empty()) {
        state->node = options.node;
    }
    if (!options.ca.empty()) {
        state->ca = options.ca;
    }
    CHATMCP_TRY(const SecretBytes secret, passphrase(options, !exists));
    CHATMCP_TRY(state->database, store::SqliteKeyValue::open(file.string()));
    CHATMCP_TRY(auto transaction, state->database->begin());
    const client::Options client_options;
    auto opened = client::Client::open(*transaction, secret.view(), client_options, state->random);
    if (!opened.has_value() && opened.error().code == Errc::not_found && create) {
        CHATMCP_CHECK_OK(client::Client::create_home(
            *transaction, secret.view(), client_options, state->random));
        opened = client::Client::open(*transaction, secret.view(), client_options, state->random);
    }
    if (!opened.has_value()) {
        return fail(opened.error());
    }
    CHATMCP_CHECK_OK(transaction->commit());
    state->client = std::move(*opened);
    return Home(std::move(state));
}

Home::Home(std::unique_ptr<State> state) : state_(std::move(state)) {}
Home::Home(Home&&) noexcept = default;
Home& Home::operator=(Home&&) noexcept = default;
Home::~Home() = default;

client::Client& Home::client() {
    return *state_->client;
}

Result<std::unique_ptr<OwnedTransaction>> Home::begin() {
    return state_->database->begin();
}

const std::string& Home::node() const {
    return state_->node;
}

const std::string& Home::ca() const {
    return state_->ca;
}

Result<void> Home::remember_relay() const {
    const nlohmann::json settings = {{"node", state_->node}, {"ca", state_->ca}};
    return write_file(state_->folder / kSettingsName, as_bytes(settings.dump() + "\n"), 0600);
}

}  // namespace chatmcp::cli
