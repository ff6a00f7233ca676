#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/client.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "identity/caip10.h"
#include "relay/relay.h"
#include "stamps/stamp_book.h"
#include "store/memory_key_value.h"
#include "store/memory_store.h"

// Whole clients and a whole relay in one process: nothing between them is replaced but the socket.

namespace chatmcp::testing {

inline constexpr UnixMs kWorldStart{1'780'000'000'000};

/// One relay over a store in memory.
class World {
  public:
    World();
    FixedClock clock{kWorldStart};
    crypto::SystemRandom random;
    crypto::SigningKey relay_key;  // To sign what a relay that lies would sign.
    store::MemoryStore store;
    stamps::StampBook stamp_book;  // Of a chain that nobody was heard from, until a test tells.
    relay::Relay relay;
};

/// What stands between a client and the relay and may lie: drop, repeat, reorder, alter.
struct Wire {
    /// Before the relay sees a request; false: it never does, the client sees no answer.
    std::function<bool(const client::RequestBody&)> request;
    /// In place of the relay's answer.
    std::function<std::optional<client::Reason>(const client::RequestBody&)> refuse;
    /// Before the client sees an answer; false: lost.
    std::function<bool(client::ReplyBody&)> reply;
};

/// Wire::refuse: every request of this kind has this answer.
template <class RequestType>
[[nodiscard]] auto refusing(Errc code, std::string check) {
    return [=](const client::RequestBody& body) -> std::optional<client::Reason> {
        return std::holds_alternative<RequestType>(body)
                   ? std::optional(client::Reason{code, check})
                   : std::nullopt;
    };
}
/// Wire::refuse: requests of this kind do not get through.
template <class RequestType>
[[nodiscard]] auto unreachable() {
    return refusing<RequestType>(Errc::unavailable, "NET-62");
}

/// One person with a wallet and one device. The home outlives every Client object on it.
class Person {
  public:
    /// `skew_ms`: how wrong this machine's clock is.
    Person(World& world,
           std::string name,
           std::int64_t skew_ms = 0,
           std::vector<std::string> accepted_domains = {"terminal.chatmcp"});
    /// How much room this person's client takes for the Welcomes of one commit.
    std::size_t welcomes_bytes_max = client::Options().welcomes_bytes_max;

    void set_skew(std::int64_t skew_ms) { skew_ms_ = skew_ms; }

    /// Sign in. Fails the test on any refusal.
    void sign_in();
    [[nodiscard]] identity::Caip10 account() const;

    /// Carry out a command and everything that follows, until nothing is under way. Returns what
    /// the command's own step said; notices are in `notices`.
    Result<std::optional<client::IntentId>> run(client::Command command);
    void tick();
    void sync() { static_cast<void>(run(client::Synchronise{std::nullopt})); }
    /// Carry at most `count` requests; the rest stays in the queue.
    std::size_t carry(std::size_t count = SIZE_MAX);
    /// Begin a command and carry nothing.
    Result<std::optional<client::IntentId>> begin(client::Command command);

    /// The process dies: everything that is not in the home is gone.
    void kill();
    /// Carry out a command while the process dies after every single request, every second time
    /// before it saw the answer, until the intent has ended.
    client::IntentView run_with_kills(client::Command command);
    /// Another home with the same wallet.
    [[nodiscard]] std::unique_ptr<Person> other_device() const;
    /// Bring what the open streams have, until they have nothing more.
    void pump();
    /// All streams break.
    void break_streams();
    [[nodiscard]] std::size_t open_streams() const {
        return topic_streams_.size() + inbox_streams_.size();
    }
    [[nodiscard]] const crypto::SigningKey& wallet() const { return wallet_; }
    /// A second process on the same home.
    [[nodiscard]] std::unique_ptr<Person> second_process() const;

    template <class T, class Query>
    Result<T> look(Query query) {
        auto transaction = home_->begin();
        if (!transaction.has_value()) {
            return fail(transaction.error());
        }
        Result<T> result = query(client(), **transaction);
        if (result.has_value()) {
            if (const auto committed = (*transaction)->commit(); !committed.has_value()) {
                return fail(committed.error());
            }
        }
        return result;
    }
    [[nodiscard]] client::IntentView intent(client::IntentId id);
    [[nodiscard]] std::vector<client::ChatSummary> chats();
    [[nodiscard]] client::ChatView chat(const client::ChatId& id);
    [[nodiscard]] std::vector<client::MessageView> messages(const client::ChatId& id,
                                                            std::uint64_t since = 0);
    [[nodiscard]] std::vector<std::string> texts(const client::ChatId& id);
    [[nodiscard]] std::vector<client::MemberView> members(const client::ChatId& id);
    /// Checks of all Misbehaviour notices so far.
    [[nodiscard]] std::vector<std::string> complaints() const;

    client::Client& client();
    store::MemoryKeyValue& home() { return *home_; }

    Wire wire;
    std::vector<client::Notice> notices;
    std::string name;

  private:
    struct Queued {
        client::EffectId id;
        client::RequestBody body;
    };
    Person(const Person& other, std::shared_ptr<store::MemoryKeyValue> home);
    Result<client::Effects> step(decltype(client::Event::what) what);
    void feed(decltype(client::Event::what) what);
    bool carry_one();
    bool pump_topics();
    bool pump_inbox();
    void answer(const Queued& queued);

    World& world_;
    crypto::SigningKey wallet_;
    std::int64_t skew_ms_;
    std::vector<std::string> accepted_domains_;
    std::shared_ptr<store::MemoryKeyValue> home_;
    std::unique_ptr<client::Client> client_;
    std::deque<Queued> queue_;
    std::map<client::EffectId, relay::TopicStream> topic_streams_;
    std::map<client::EffectId, relay::InboxStream> inbox_streams_;
};

/// Wire::reply of a relay that shows another commit than it accepted, and signs for it.
[[nodiscard]] std::function<bool(client::ReplyBody&)> showing_other_commits(
    const World& world, std::function<void(wire::Envelope&)> edit);

/// A conversation of `people`, made by the first, accepted by all others.
client::ChatId make_chat(std::vector<Person*> people,
                         const std::string& title,
                         bool public_handshakes = false);

}  // namespace chatmcp::testing
