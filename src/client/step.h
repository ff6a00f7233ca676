#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "client/effect.h"
#include "client/home.h"
#include "client/people.h"
#include "client/rules.h"
#include "client/trust.h"
#include "crypto/random.h"
#include "mls/group.h"

namespace chatmcp::client {

/// What a request under way is for. (purpose, subject) is under way at most once in one process.
enum class Purpose : std::uint8_t {
    relay_info,
    challenge,
    login,
    key_packages,
    inbox_policy,
    read_inbox,
    acknowledge_inbox,
    inbox_stream,
    read_topic,    // Subject: chat.
    topic_stream,  // Subject: chat.
    intent,        // Subject: intent, then a part of its kind's own.
};
struct Task {
    Purpose purpose = Purpose::intent;
    Bytes subject;
    friend auto operator<=>(const Task&, const Task&) = default;
};
[[nodiscard]] Task chat_task(Purpose purpose, const ChatId& chat);
[[nodiscard]] Task intent_task(std::uint64_t intent, ByteView part = {});
/// The intent of an intent_task, and its part.
[[nodiscard]] std::uint64_t intent_of(const Task& task);
[[nodiscard]] ByteView part_of(const Task& task);

/// What a Client object remembers between steps. All of it may be lost at any time: it saves work
/// and decides nothing. `groups` hold only while the home's state version is `version`, `people`
/// while their group's epoch is the one they were read in.
struct Runtime {
    struct Retry {
        std::uint32_t attempts = 0;
        UnixMs not_before;
    };
    struct TopicStream {
        EffectId effect;
        std::uint64_t epoch = 0;
    };

    std::uint64_t next_effect = 1;
    std::map<EffectId, Task> under_way;
    std::map<Task, Retry> retries;
    std::set<std::uint64_t> own_intents;  // Started by this object: carried without delay.
    /// Intents whose bundle was staged here and left at most once, and when it left: while that is
    /// so, a refusal says what became of it.
    std::map<std::uint64_t, std::optional<UnixMs>> first_tries;
    std::set<std::uint64_t> untold;  // Commands' intents whose end was not told yet.
    bool synchronising = false;      // Duties are done while it is, or while following.

    /// Room for the Welcomes of one commit.
    std::size_t welcomes_bytes_max = 0;

    bool want_inbox = false;
    std::set<ChatId> want_chats;
    std::optional<Follow> follow;
    bool stream_inbox = false;      // An own intent waits for something there,
    std::set<ChatId> stream_chats;  // or in these topics.
    std::map<ChatId, TopicStream> topic_streams;
    std::optional<EffectId> inbox_stream;
    std::uint64_t inbox_acknowledging = 0;  // Said by the acknowledgement under way.
    std::uint64_t policy_telling = 0;       // Revision of the inbox policy under way.

    Bytes version;
    std::map<ChatId, mls::Group> groups;
    std::map<ChatId, KnownPeople> people;
};

/// Everything that one step works with. Lives as long as the step.
class Step {
  public:
    Step(Home& home_in,
         Runtime& runtime_in,
         const mls::Environment& environment_in,
         const TrustSettings& trust_in,
         UnixMs now_in,
         Effects& effects_in)
        : home(home_in),
          runtime(runtime_in),
          environment(environment_in),
          trust(trust_in),
          now(now_in),
          effects(effects_in) {}

    Home& home;
    Runtime& runtime;
    const mls::Environment& environment;
    const TrustSettings& trust;
    const UnixMs now;
    Effects& effects;

    [[nodiscard]] crypto::Random& random() const { return environment.random; }

    // ---- Requests ----
    [[nodiscard]] bool under_way(const Task& task) const;
    /// Neither under way nor waiting after a failure (then the step's wake time is set).
    [[nodiscard]] bool may_send(const Task& task);
    EffectId send(const Task& task, RequestBody body);
    /// A request failed: wait before the next one, longer each time.
    void retry_later(const Task& task, const Reason& reason);
    /// The same, where it is known how long.
    void retry_at(const Task& task, UnixMs at);
    void succeeded(const Task& task);
    void wake_at(UnixMs at);
    [[nodiscard]] std::optional<UnixMs> wake() const { return wake_; }

    // ---- Notices ----
    void notice(Notice what) { effects.notices.push_back(std::move(what)); }
    void misbehaviour(std::optional<ChatId> chat, std::uint64_t position, const Error& error);

    // ---- Groups ----
    /// The group of a chat, loaded at first use. Errors: those of mls::Group::load.
    [[nodiscard]] Result<mls::Group*> group(const ChatId& chat);
    mls::Group* keep(const ChatId& chat, mls::Group group);
    /// Who is in the chat's group. Valid until a commit is applied to it.
    [[nodiscard]] Result<const People*> people(const ChatId& chat);
    void forget(const ChatId& chat) {
        runtime.groups.erase(chat);
        runtime.people.erase(chat);
    }

  private:
    std::optional<UnixMs> wake_;
};

/// For what must not fail once the group has moved on in this transaction: any error is the home's,
/// ends the step, and leaves everything as it was before it.
template <class T>
[[nodiscard]] Result<T> must(Result<T> result) {
    if (!result.has_value() && result.error().code != Errc::storage &&
        result.error().code != Errc::storage_corrupt) {
        return fail(Errc::internal, result.error().check);
    }
    return result;
}
/// Whether an error is the home's and not somebody's input.
[[nodiscard]] bool is_home_error(const Error& error);

/// Codes after which the same request can never succeed.
[[nodiscard]] bool is_permanent(Errc code);

}  // namespace chatmcp::client
