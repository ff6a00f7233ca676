#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "client/record.h"
#include "client/rules.h"
#include "crypto/hpke.h"
#include "enclave/agent.h"
#include "enclave/sealed_memory.h"
#include "identity/credential.h"
#include "mls/group.h"

namespace chatmcp::enclave {

using wire::GroupId;

/// Milliseconds of this run, as the host's clock went forward. What is waited for is measured by
/// it: the enclave's own time stands still while a host's clock that was ahead is put right, and
/// nothing may wait for that.
struct SteadyMs {
    std::int64_t value = 0;

    friend auto operator<=>(const SteadyMs&, const SteadyMs&) = default;
    [[nodiscard]] SteadyMs plus_ms(std::int64_t ms) const { return SteadyMs{value + ms}; }
};

/// 9000-01-01T00:00:00Z. Whatever a host's clock or an acceptance says, no time is later: what is
/// signed for some time from now has to end before the year 10000 (identity/delegation.h).
inline constexpr UnixMs kLatestTime{221'845'392'000'000};

// ---- What is sealed ----

/// Made at the first start. Record "agent/identity".
struct IdentityRow {
    ByteArray<32> enclave_seed{};
    ByteArray<32> directory_key{};  // X25519: requests for key packages are sealed to it.
    Bytes credential;               // Empty: no operator has signed yet.
    std::uint64_t inbox_cursor = 0;
    auto fields(this auto& self) {
        return std::tie(self.enclave_seed, self.directory_key, self.credential, self.inbox_cursor);
    }
};
/// A key package made for one group. Record "agent/offer/" || group id || reference.
struct OfferRow {
    Bytes reference;
    ByteArray<32> leaf_seed{};
    UnixMs made_at;
    auto fields(this auto& self) { return std::tie(self.reference, self.leaf_seed, self.made_at); }
};
/// An Update on its way. The commit is in mls' own record.
struct StagedRow {
    wire::Digest commit_hash{};  // Of the sealed commit, as it stands in the topic.
    ByteArray<32> leaf_seed{};
    Bytes request;  // client::encode_door_request: sent again as it is.
    auto fields(this auto& self) {
        return std::tie(self.commit_hash, self.leaf_seed, self.request);
    }
};
/// Record "agent/companion/" || group id.
struct CompanionRow {
    GroupId id{};
    GroupId conversation{};
    wire::Ed25519Key relay_key{};
    std::uint64_t cursor = 0;  // Last envelope that was taken.
    bool expired = false;      // The relay no longer has what follows the cursor.
    UnixMs time;               // Latest time that was told or acted upon; never goes back.
    bool time_is_acceptance = false;
    ByteArray<32> leaf_seed{};
    std::optional<StagedRow> staged;
    std::uint64_t answers = 0;  // Receipts of this grant.
    std::uint64_t questions = 0;
    std::uint64_t original_bytes = 0;
    std::uint64_t copies = 0;
    bool stopped = false;  // Never speaks again: see ENC-14, ENC-15.
    auto fields(this auto& self) {
        return std::tie(self.id,
                        self.conversation,
                        self.relay_key,
                        self.cursor,
                        self.expired,
                        self.time,
                        self.time_is_acceptance,
                        self.leaf_seed,
                        self.staged,
                        self.answers,
                        self.questions,
                        self.original_bytes,
                        self.copies,
                        self.stopped);
    }
};
/// Record "agent/copy/" || companion id || position || message id.
struct CopyRow {
    std::uint64_t position = 0;
    std::string author;
    wire::MessageId id{};
    std::string text;
    auto fields(this auto& self) {
        return std::tie(self.position, self.author, self.id, self.text);
    }
};
/// A question that has no answer in the topic yet. Record "agent/question/" || companion id ||
/// position.
struct QuestionRow {
    std::uint64_t position = 0;
    wire::MessageId id{};
    std::uint32_t asker_leaf = 0;
    std::string asker;
    Bytes question;              // wire::Question; empty: too many waited when it came.
    std::uint64_t number = 0;    // Of this grant, from 1.
    std::uint64_t sequence = 0;  // Of its receipt, once one was signed.
    wire::Digest sent{};         // Of the last word on it, encrypted; zero: none yet.
    auto fields(this auto& self) {
        return std::tie(self.position,
                        self.id,
                        self.asker_leaf,
                        self.asker,
                        self.question,
                        self.number,
                        self.sequence,
                        self.sent);
    }
};

[[nodiscard]] Bytes identity_record();
[[nodiscard]] Bytes offer_record(const GroupId& group, ByteView reference);
[[nodiscard]] Bytes companion_record(const GroupId& companion);
[[nodiscard]] Bytes copy_record(const GroupId& companion,
                                std::uint64_t position,
                                const wire::MessageId& id);
[[nodiscard]] Bytes question_record(const GroupId& companion, std::uint64_t position);
/// Start of all records of a table, or of one companion's.
[[nodiscard]] Bytes table_prefix(std::string_view table, ByteView id = {});

// ---- What is not ----

/// Something to say in a companion. Encrypted when its turn comes, and again if the epoch ended
/// before it stood in the topic. That it was accepted is what the topic says: a host's word alone
/// ends nothing but news of progress.
struct Outgoing {
    wire::ContentType type = wire::ContentType::progress;
    Bytes body;                          // Of progress and refusal.
    std::optional<wire::Answer> answer;  // Its receipt is signed when it is encrypted.
    std::optional<std::uint64_t> ends;   // Position of the question that is settled by it.
    std::optional<wire::PublishMessage> sent;
    wire::Digest sent_hash{};   // Of its payload.
    std::uint64_t request = 0;  // That carried it last.
    bool accepted = false;      // Says the host.
    SteadyMs again_at;          // Then: when it is offered once more.
};

/// One companion while this object lives.
struct Companion {
    Companion(CompanionRow stored, mls::Group loaded)
        : row(std::move(stored)), group(std::move(loaded)) {}

    CompanionRow row;
    mls::Group group;
    /// An Update that this object staged was accepted, or the group was joined by a key package
    /// that this object made.
    bool may_speak = false;
    bool staged_here = false;
    std::uint64_t stream = 0;  // Requests under way; 0: none.
    std::uint64_t bundle = 0;
    std::uint64_t publish = 0;
    SteadyMs renewed_at;
    SteadyMs stream_at;  // Not before.
    SteadyMs bundle_at;
    SteadyMs publish_at;
    std::deque<Outgoing> outgoing;
    std::set<std::uint64_t> settled;  // Questions whose last word is in `outgoing`.
    /// An envelope's payload that nothing could be made of. The true one may come when it is asked
    /// for again; the same one again is what the relay has.
    std::optional<wire::Digest> doubted;
};

enum class Purpose : std::uint8_t {
    login_challenge,
    login,
    topic_challenge,
    put_entry,
    inbox_stream,
    acknowledge,
    key_package_reply,
    topic_stream,
    bundle,
    message,
};
struct Task {
    Purpose purpose = Purpose::login;
    GroupId companion{};
};

/// An agent has no policy about people: who is in a companion was let in by its inviter, and every
/// person sees the others.
class AgentTrust final : public mls::Trust {
  public:
    [[nodiscard]] Result<void> check(const mls::LeafView&,
                                     const mls::LeafView*,
                                     const mls::GroupView&,
                                     const mls::Arrival&) const override {
        return {};
    }
};

struct RunningJob {
    std::uint64_t id = 0;
    GroupId companion{};
    std::uint64_t position = 0;
    std::vector<wire::MessageId> messages;
    SteadyMs said_at;  // The last progress message.
};

struct Session {
    Bytes token;
    SteadyMs token_until;
    bool login_running = false;
    SteadyMs login_at;  // Not before.
    Bytes challenge;
    SteadyMs challenge_at;
    bool challenge_running = false;
    SteadyMs challenge_retry_at;
    bool entry_running = false;
    SteadyMs entry_at;  // When it is due.
    std::uint64_t inbox_stream = 0;
    std::optional<wire::Digest> doubted;  // As Companion::doubted, of an inbox item.
    SteadyMs inbox_at;
};

struct AgentState {
    AgentState(tee::Platform& tee_platform,
               SealedMemory sealed,
               Configuration settings,
               const MeasuredFacts& measured,
               const AgentLimits& agent_limits);
    AgentState(const AgentState&) = delete;
    AgentState& operator=(const AgentState&) = delete;
    ~AgentState() = default;

    /// Precondition (checked): the identity is loaded, which starting begins with.
    [[nodiscard]] const crypto::SigningKey& own_key() const;
    [[nodiscard]] const crypto::HpkePrivateKey& own_directory_key() const;
    /// Precondition (checked): an operator has signed for this enclave. Without that nothing is
    /// listed and nothing joined.
    [[nodiscard]] const identity::AgentCredential& own_credential() const;

    tee::Platform& platform;
    Configuration configuration;
    MeasuredFacts facts;
    AgentLimits limits;
    client::ConversationRules rules;
    AgentTrust trust;
    mls::Environment environment;
    SealedMemory memory;

    IdentityRow identity;
    std::optional<crypto::SigningKey> enclave_key;
    std::optional<crypto::HpkePrivateKey> directory_key;
    std::optional<identity::AgentCredential> credential;
    wire::Ed25519Key relay_key{};

    UnixMs newest;  // Of the host's clock in this run; it does not go backwards either.
    UnixMs last_host_time;
    SteadyMs steady;
    std::uint64_t last_request = 0;
    std::map<std::uint64_t, Task> tasks;
    Session session;
    std::map<GroupId, Companion> companions;
    std::set<Bytes, BytesLess> offers_made_here;  // References of key packages.
    std::optional<RunningJob> job;
    std::uint64_t last_job = 0;
};

/// One step: what it reads and writes.
struct AgentStep {
    AgentState& state;
    SealedMemory::Step& store;
    AgentEffects& effects;
    UnixMs now;
    SteadyMs steady;

    std::uint64_t send(Purpose purpose, const GroupId& companion, client::DoorRequest body);
    void note(const Error& error,
              wire::LogLine::Severity severity = wire::LogLine::Severity::warning);

    template <class T>
    [[nodiscard]] Result<void> put(ByteView key, const T& row) {
        Bytes encoded = client::encode_record(row);
        auto written = store.put(key, encoded);
        wipe(encoded);
        return written;
    }
    template <class T>
    [[nodiscard]] Result<std::vector<T>> all(const Bytes& prefix) {
        constexpr std::size_t kPage = 1024;
        std::vector<T> rows;
        Bytes after;
        while (true) {
            CHATMCP_TRY(auto page, store.scan(prefix, after, kPage));
            for (const KeyValuePair& pair : page) {
                CHATMCP_TRY(T row, client::decode_record<T>(pair.value));
                rows.push_back(std::move(row));
            }
            if (page.size() < kPage) {
                return rows;
            }
            after = std::move(page.back().key);
        }
    }
};

/// A leaf of the agent for one group: fresh key, evidence over it and over the nonce.
struct AgentLeaf {
    mls::LeafSetup setup;
    ByteArray<32> seed{};
};
/// Errors: those of the platform.
[[nodiscard]] Result<AgentLeaf> make_agent_leaf(AgentState& state,
                                                const GroupId& group,
                                                const ByteArray<32>& nonce,
                                                UnixMs now);

}  // namespace chatmcp::enclave
