#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "identity/caip10.h"
#include "net/carrier.h"
#include "store/memory_key_value.h"
#include "store/sqlite_key_value.h"

namespace chatmcp::bench {

/// One person's client as the terminal client runs it, without a process of its own: the same state
/// machine, the same home, the same sockets.
///
/// Threads: one at a time.
class Device {
  public:
    enum class Derivation : std::uint8_t {
        usual,  // What a new home gets.
        cheap,  // Costs next to nothing: for figures beside key derivation.
    };
    /// `folder`: a home that the terminal client can open with kPassphrase; empty: in memory, where
    /// derivation is always cheap.
    Device(const std::string& url,
           const std::string& folder,
           Derivation derivation = Derivation::usual);

    static constexpr std::string_view kPassphrase = "bench passphrase, not a secret";

    void sign_in();
    [[nodiscard]] identity::Caip10 account() const;

    /// Begin; its requests are under way when this returns.
    std::optional<client::IntentId> begin(client::Command command);
    /// Begin and go on until it is decided, or until all is done. Ends the program if it is
    /// refused.
    client::IntentView run(client::Command command);
    /// Go on until this intent is decided.
    client::IntentView finish(client::IntentId intent);
    /// Take what arrives within this time; false: nothing did.
    bool pump(std::chrono::milliseconds wait_max);

    /// With a position above `since`.
    [[nodiscard]] std::vector<client::MessageView> messages(const client::ChatId& chat,
                                                            std::uint64_t since,
                                                            std::size_t limit);

    /// Called for every notice once its step is durable.
    std::function<void(const client::Notice&)> on_notice;

  private:
    using What = decltype(client::Event::what);
    client::Effects step(What what);
    [[nodiscard]] std::unique_ptr<OwnedTransaction> transaction();

    crypto::SystemRandom random_;
    crypto::SigningKey wallet_;
    store::MemoryKeyValue memory_;
    std::unique_ptr<store::SqliteKeyValue> file_;
    std::optional<client::Client> client_;
    net::Carrier carrier_;
    std::optional<client::IntentView> ended_;  // The last intent that was decided.
    bool idle_ = false;
};

/// A conversation of these devices, accepted by all.
[[nodiscard]] client::ChatId make_chat(Device& inviter, const std::vector<Device*>& others);

}  // namespace chatmcp::bench
