#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/key_value.h"
#include "base/result.h"
#include "client/client.h"
#include "crypto/random.h"

namespace chatmcp::cli {

/// Options that every command has.
struct GlobalOptions {
    std::string home;
    std::string node;
    std::string ca;
    std::string passphrase_file;
    bool json = false;
    double timeout_seconds = 30;
};

/// The home folder: one sealed database, and settings that are no secret (which relay).
class Home {
  public:
    /// Errors: not_found (CLI-01) no home there (`create` false); storage_corrupt (CLI-08) the
    ///         relay that it remembers cannot be read; wrong_passphrase; storage.
    [[nodiscard]] static Result<Home> open(const GlobalOptions& options, bool create);

    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;
    Home(Home&&) noexcept;
    Home& operator=(Home&&) noexcept;
    ~Home();

    [[nodiscard]] client::Client& client();
    /// Run `use` inside one exclusive transaction and commit if it succeeded.
    template <class T>
    [[nodiscard]] Result<T> transact(const std::function<Result<T>(Transaction&)>& use) {
        CHATMCP_TRY(auto transaction, begin());
        Result<T> value = use(*transaction);
        const auto committed = value.has_value() ? transaction->commit() : Result<void>();
        if (!value.has_value() || !committed.has_value()) {
            return fail(local(value.has_value() ? committed.error() : value.error()));
        }
        return value;
    }
    /// Reads the whole database. Errors: storage_corrupt (STO-01) it is damaged.
    [[nodiscard]] Result<void> check() const;
    /// The relay that `login` remembered, or the one given; empty if neither.
    [[nodiscard]] const std::string& node() const;
    [[nodiscard]] const std::string& ca() const;
    /// Remember relay and CA for later commands.
    [[nodiscard]] Result<void> remember_relay() const;

  private:
    struct State;
    explicit Home(std::unique_ptr<State> state);
    [[nodiscard]] Result<std::unique_ptr<OwnedTransaction>> begin();
    /// A full disk below the home is not a full relay.
    [[nodiscard]] static Error local(const Error& error);

    std::unique_ptr<State> state_;
};

/// $XDG_DATA_HOME/chatmcp, else ~/.local/share/chatmcp.
[[nodiscard]] std::filesystem::path default_home();

/// The passphrase of this home: from the file, CHATMCP_PASSPHRASE, or the terminal (asked twice
/// when `confirm`). Errors: io (CLI-10) file not readable; wrong_passphrase (CLI-03) empty, or no
/// terminal to ask.
[[nodiscard]] Result<SecretBytes> passphrase(const GlobalOptions& options, bool confirm);

}  // namespace chatmcp::cli
