#include "cli/home.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <utility>

#include <bsd/readpassphrase.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/check.h"
#include "cli/files.h"
#include "cli/lent_threads.h"
#include "store/sqlite_key_value.h"

namespace chatmcp::cli {

namespace {

constexpr std::size_t kPassphraseMaxBytes = 4096;
constexpr std::size_t kSettingsMaxBytes = std::size_t{64} * 1024;
constexpr std::string_view kDatabaseName = "home.sqlite";
constexpr std::string_view kSettingsName = "settings.json";

/// Reads one line from the terminal without showing it. A signal that ends the program there gives
/// the terminal back as it was.
Result<SecretBytes> ask_terminal(const char* prompt) {
    SecretBytes line(kPassphraseMaxBytes);
    auto* text = reinterpret_cast<char*>(line.mutable_view().data());  // NOLINT(*-reinterpret-cast)
    if (::readpassphrase(prompt, text, kPassphraseMaxBytes, RPP_REQUIRE_TTY) == nullptr) {
        return fail(Errc::wrong_passphrase, "CLI-03");
    }
    return SecretBytes(line.view().first(std::string_view(text).size()));
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
    std::string node;
    std::string ca;
    std::unique_ptr<store::SqliteKeyValue> database;
    crypto::SystemRandom random;
    LentThreads threads;
    std::optional<client::Client> client;  // Refers to the two above.
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

/// Which relay, remembered in the clear: no secret, and the network shows it anyway. A home that
/// `login` did not finish has none. Errors: storage_corrupt (CLI-08).
Result<void> read_settings(const std::filesystem::path& file, std::string& node, std::string& ca) {
    std::error_code problem;
    if (!std::filesystem::exists(file, problem)) {
        return {};
    }
    CHATMCP_TRY(const Bytes content, read_file(file, kSettingsMaxBytes));
    const auto settings = nlohmann::json::parse(as_text(content), nullptr, false);
    for (const auto& [name, place] : {std::pair{"node", &node}, std::pair{"ca", &ca}}) {
        if (!settings.is_object() || !settings.contains(name) || !settings[name].is_string()) {
            return fail(Errc::storage_corrupt, "CLI-08");
        }
        *place = settings[name].get<std::string>();
    }
    return {};
}

/// What opening a home reads, each in a transaction of its own: key derivation takes long, and no
/// other command has to wait for it.
class ShortReads final : public Transaction {
  public:
    explicit ShortReads(store::SqliteKeyValue& database) : database_(database) {}
    Result<std::optional<Bytes>> get(ByteView key) override {
        CHATMCP_TRY(const auto transaction, database_.begin());
        return transaction->get(key);
    }
    Result<std::vector<KeyValuePair>> scan(ByteView prefix,
                                           ByteView after,
                                           std::size_t limit) override {
        CHATMCP_TRY(const auto transaction, database_.begin());
        return transaction->scan(prefix, after, limit);
    }
    Result<void> put(ByteView, ByteView) override {
        CHATMCP_CHECK(false);
        return {};
    }
    Result<void> erase(ByteView) override {
        CHATMCP_CHECK(false);
        return {};
    }

  private:
    store::SqliteKeyValue& database_;
};

/// Another command may have made the home in the meantime.
Result<void> create_home(store::SqliteKeyValue& database,
                         ByteView passphrase,
                         crypto::Random& random) {
    CHATMCP_TRY(auto transaction, database.begin());
    const auto created = client::Client::create_home(*transaction, passphrase, {}, random);
    if (!created.has_value()) {
        return created.error().code == Errc::already_exists ? Result<void>()
                                                            : fail(created.error());
    }
    return transaction->commit();
}

/// A store that is full or busy below the home is not a relay that is.
Error local(const Error& error) {
    const bool is_local = error.code == Errc::resource_exhausted || error.code == Errc::unavailable;
    return is_local ? Error{Errc::io, error.check} : error;
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
    const auto read = read_settings(state->folder / kSettingsName, state->node, state->ca);
    // A relay that is given makes up for one that cannot be read, so that `login` can mend the
    // file.
    if (!read.has_value() && options.node.empty()) {
        return fail(read.error());
    }
    if (!options.node.empty()) {
        state->node = options.node;
    }
    if (!options.ca.empty()) {
        state->ca = options.ca;
    }
    CHATMCP_TRY(const SecretBytes secret, passphrase(options, !exists));
    auto database = store::SqliteKeyValue::open(file.string());
    if (!database.has_value()) {
        return fail(local(database.error()));
    }
    state->database = *std::move(database);
    ShortReads reads(*state->database);
    client::Options client_options;
    client_options.parallel = &state->threads;
    auto opened = client::Client::open(reads, secret.view(), client_options, state->random);
    if (!opened.has_value() && opened.error().code == Errc::not_found && create) {
        if (const auto made = create_home(*state->database, secret.view(), state->random);
            !made.has_value()) {
            return fail(local(made.error()));
        }
        opened = client::Client::open(reads, secret.view(), client_options, state->random);
    }
    if (!opened.has_value()) {
        return fail(local(opened.error()));
    }
    state->client = std::move(*opened);
    return Home(std::move(state));
}

Home::Home(std::unique_ptr<State> state) : state_(std::move(state)) {}
Home::Home(Home&&) noexcept = default;
Home& Home::operator=(Home&&) noexcept = default;
Home::~Home() = default;

client::Client& Home::client() {
    auto& client = state_->client;
    CHATMCP_CHECK(client.has_value());
    return *client;
}

Result<std::unique_ptr<OwnedTransaction>> Home::begin() {
    auto transaction = state_->database->begin();
    return transaction.has_value() ? std::move(transaction) : fail(local(transaction.error()));
}

Error Home::local(const Error& error) {
    return cli::local(error);
}

Result<void> Home::check() const {
    return state_->database->check();
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
