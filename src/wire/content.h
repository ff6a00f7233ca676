#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "wire/labelled_sign.h"
#include "wire/tls.h"

namespace chatmcp::wire {

// What stands inside MLS application messages (DESIGN 5, 9). Everything here was authenticated by
// MLS before it is read. Errors of all read(): those of Reader; malformed (CON-02) a time above
// 2^63 - 1, (CON-03) text that is not UTF-8, (CON-04) a number that names nothing; too_large
// (CON-09) more items than the structure's limit; and what stands with the structure.

using Digest = crypto::Sha256Digest;
using GroupId = ByteArray<32>;
using MessageId = crypto::Sha256Digest;

enum class ContentType : std::uint8_t {
    text = 1,             // In a conversation.
    announcement = 2,     // In a conversation: an assistant was invited.
    agreement = 3,        // In a conversation: the author takes part in a companion.
    answer_post = 4,      // In a conversation: question, answer and receipt, posted by the asker.
    decline = 5,          // In a group that was joined as a request: "no".
    given_token = 6,      // In a conversation: everybody in it may write to the author's inbox.
    payment = 7,          // In a conversation: the author says that he paid a member.
    payment_request = 8,  // In a conversation: the author asks to be paid.
    copy = 16,            // In a companion: own words of the author.
    question = 17,        // In a companion.
    progress = 18,        // In a companion, from the agent.
    answer = 19,          // In a companion, from the agent.
    refusal = 20,         // In a companion, from the agent.
};

/// The plaintext of one application message. Errors of read: unsupported (CON-01) a type that this
/// build does not know.
///
/// Wire:  opaque salt[32]; uint8 type; uint64 sent_at_ms (the author's claim); opaque body<V>.
struct Content {
    static constexpr std::size_t kBodyMaxBytes = std::size_t{384} * 1024;
    ByteArray<32> salt{};
    ContentType type = ContentType::text;
    UnixMs sent_at;
    Bytes body;  // text: UTF-8 of at most kTextMaxBytes; given_token: a DeliveryToken's 32 bytes;
                 // others: the structure of that name.

    static constexpr std::size_t kTextMaxBytes = std::size_t{64} * 1024;

    static Result<Content> read(Reader& reader);
    void write(Writer& writer) const;
};

/// SHA-256("chatmcp message" || conversation id || author account (CAIP-10 text) || content bytes).
[[nodiscard]] MessageId message_id(const GroupId& conversation,
                                   std::string_view author_account,
                                   ByteView content);

/// Plaintext sizes are padded up to the next of these, then to multiples of the last.
inline constexpr std::size_t kSizeClasses[] = {
    256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};
[[nodiscard]] std::size_t padded_size(std::size_t plaintext_bytes);

enum class Scope : std::uint8_t { answer = 1, summarise = 2 };

/// What an agent may do in a companion; a component of the companion that never changes.
///
/// Wire:  opaque agent_credential_digest[32]; Scope scopes<V> (rising); uint64 expires_at_ms;
/// uint32 questions_max; uint64 original_bytes_max.
/// Errors of read: those of Reader; not_canonical (CON-05) scopes out of order, twice or none.
struct Grant {
    static constexpr std::size_t kMaxBytes = 256;
    Digest agent_credential_digest{};
    std::vector<Scope> scopes;
    UnixMs expires_at;
    std::uint32_t questions_max = 1000;
    std::uint64_t original_bytes_max = std::uint64_t{16} * 1024 * 1024;

    static Result<Grant> read(Reader& reader);
    void write(Writer& writer) const;
    /// SHA-256("chatmcp grant" || encoding).
    [[nodiscard]] Digest digest() const;
};

/// Wire: opaque companion_id[32]; opaque grant<V>; opaque agent_leaf<V> (LeafNode of RFC 9420, with
/// evidence); uint64 receipts.
struct Announcement {
    static constexpr std::size_t kAgentLeafMaxBytes = std::size_t{48} * 1024;
    GroupId companion_id{};
    Grant grant;
    Bytes agent_leaf;
    std::uint64_t receipts = 0;  // Highest number that was posted before: repeated for newcomers.
    static Result<Announcement> read(Reader& reader);
    void write(Writer& writer) const;
};

enum class AgreeFrom : std::uint8_t { now = 1, past = 2 };

/// Wire: opaque companion_id[32]; opaque grant_digest[32]; opaque agent_credential_digest[32];
/// opaque key_package<V>; uint8 from.
struct Agreement {
    GroupId companion_id{};
    Digest grant_digest{};
    Digest agent_credential_digest{};
    Bytes key_package;  // MLSMessage; delegated to the companion's group id.
    AgreeFrom from = AgreeFrom::now;
    static Result<Agreement> read(Reader& reader);
    void write(Writer& writer) const;
};

/// What a payment on the chain is, in units of CHAT. Its commitment stands in the transaction.
///
/// Wire: opaque genesis_hash[32]; opaque program[32]; opaque payer[32]; opaque recipient[32];
/// uint64 amount; opaque nonce[32].
struct PaymentTerms {
    ByteArray<32> genesis_hash{};  // Of the cluster.
    ByteArray<32> program{};       // ChatMCP's there: the mint is its.
    ByteArray<32> payer{};         // Wallets.
    ByteArray<32> recipient{};
    std::uint64_t amount = 0;
    ByteArray<32>
        nonce{};  // Fresh; known to members, so nobody else can tell which payment is which.
    static Result<PaymentTerms> read(Reader& reader);
    void write(Writer& writer) const;
    /// SHA-256("chatmcp payment" || conversation id || encoding).
    [[nodiscard]] Digest commitment(const GroupId& conversation) const;
    friend bool operator==(const PaymentTerms&, const PaymentTerms&) = default;
};

/// The author's word that it was done: whoever reads it looks at the chain.
///
/// Wire: PaymentTerms terms; opaque transaction[64] (its first signature); opaque text<V>.
struct Payment {
    static constexpr std::size_t kTextMaxBytes = 4096;
    PaymentTerms terms;
    ByteArray<64> transaction{};
    std::string text;
    static Result<Payment> read(Reader& reader);
    void write(Writer& writer) const;
};

/// Wire: opaque genesis_hash[32]; opaque program[32]; uint64 amount; opaque text<V>. The author is
/// to be paid.
struct PaymentRequest {
    ByteArray<32> genesis_hash{};
    ByteArray<32> program{};
    std::uint64_t amount = 0;
    std::string text;  // At most Payment::kTextMaxBytes.
    static Result<PaymentRequest> read(Reader& reader);
    void write(Writer& writer) const;
};

/// Originals of the sender of this message, byte for byte, with their place in the conversation.
///
/// Wire:  { uint64 position; opaque content<V>; } originals<V>, positions rising, at most
/// kOriginalsMaxBytes in all.
/// Errors of read: not_canonical (CON-06) no original, or positions that do not rise; too_large
/// (CON-07).
struct Copy {
    static constexpr std::size_t kOriginalsMaxBytes = std::size_t{256} * 1024;
    struct Original {
        std::uint64_t position = 0;
        Bytes content;  // Encoded Content.
    };
    std::vector<Original> originals;
    static Result<Copy> read(Reader& reader);
    void write(Writer& writer) const;
};

/// Wire: uint8 scope; opaque text<V>.
struct Question {
    static constexpr std::size_t kTextMaxBytes = 4096;
    Scope scope = Scope::answer;
    std::string text;
    static Result<Question> read(Reader& reader);
    void write(Writer& writer) const;
};

/// Wire: opaque question[32]; uint8 stage (1 queued, 2 reading, 3 writing); uint32 done; uint32
/// total.
struct Progress {
    MessageId question{};
    std::uint8_t stage = 1;
    std::uint32_t done = 0;
    std::uint32_t total = 0;
    static Result<Progress> read(Reader& reader);
    void write(Writer& writer) const;
};

/// Wire: opaque question[32]; opaque check<V> (a row of docs/CHECKS.md); opaque reason<V> (text for
/// people).
struct Refusal {
    static constexpr std::size_t kCheckMaxBytes = 16;
    static constexpr std::size_t kReasonMaxBytes = 1024;
    MessageId question{};
    std::string check;
    std::string reason;
    static Result<Refusal> read(Reader& reader);
    void write(Writer& writer) const;
};

/// One answer's receipt: which words, which model, which code, which epoch. Signed by the agent's
/// leaf key.
///
/// Wire:  uint16 version (1); opaque companion_commitment[32]; uint64 epoch; opaque
/// grant_digest[32]; opaque question[32]; uint32 asker_leaf;
///        uint64 sequence (of answers in this grant, from 1); uint64 time_ms; uint8 time_source (1
///        host clock, 2 acceptance); opaque evidence_digest[32]; opaque measurement[32]; opaque
///        weights_root[32]; opaque configuration_digest[32]; opaque engine_build_digest[32]; opaque
///        engine_settings_digest[32]; opaque inputs<V> (32-byte message ids in order of position);
///        opaque prompts_root[32]; opaque tools_root[32]; opaque output_commitment[32]; opaque
///        platform<V> ("simulated", ...); opaque signature[64].
/// Errors of read: unsupported_version (CON-08).
struct Receipt {
    static constexpr std::uint16_t kVersion = 1;
    static constexpr std::size_t kPlatformMaxBytes = 64;
    static constexpr auto kLabel = SignatureLabel::receipt;
    static constexpr std::size_t kInputsMax = 100'000;
    std::uint16_t version = kVersion;
    Digest companion_commitment{};  // HMAC-SHA-256(keys.companion, companion id)
    std::uint64_t epoch = 0;
    Digest grant_digest{};
    MessageId question{};
    std::uint32_t asker_leaf = 0;
    std::uint64_t sequence = 0;
    UnixMs time;
    std::uint8_t time_source = 1;
    Digest evidence_digest{};
    Digest measurement{};
    Digest weights_root{};
    Digest configuration_digest{};
    Digest engine_build_digest{};
    Digest engine_settings_digest{};
    std::vector<MessageId> inputs;
    Digest prompts_root{};  // Merkle root (RFC 9162), one leaf per model call: client/merkle.h.
    Digest tools_root{};    // The same over tool calls; the empty tree's root when there are none.
    Digest output_commitment{};  // HMAC-SHA-256(keys.output, encoded AnswerText)
    std::string platform;
    ByteArray<64> signature{};

    static Result<Receipt> read(Reader& reader);
    void write(Writer& writer) const;
    void write_signed(Writer& writer) const;
};

/// Fresh keys of one receipt's commitments; whoever has them can open the commitments.
/// Wire: opaque companion[32]; opaque prompts[32]; opaque output[32].
struct CommitmentKeys {
    ByteArray<32> companion{};
    ByteArray<32> prompts{};
    ByteArray<32> output{};
    static Result<CommitmentKeys> read(Reader& reader);
    void write(Writer& writer) const;
};

/// Wire: opaque text<V>; opaque points<V> of opaque point<V>; opaque rests_on<V> (32-byte message
/// ids); opaque dropped<V> (why sentences were
///       dropped, text).
/// Limits: text kTextMaxBytes; each point and dropped line kLineMaxBytes, kLinesMax of each;
/// kRestsOnMax ids.
struct AnswerText {
    static constexpr std::size_t kTextMaxBytes = std::size_t{32} * 1024;
    static constexpr std::size_t kLineMaxBytes = std::size_t{4} * 1024;
    static constexpr std::size_t kLinesMax = 256;
    static constexpr std::size_t kRestsOnMax = 4096;
    std::string text;
    std::vector<std::string> points;
    std::vector<MessageId> rests_on;
    std::vector<std::string> dropped;
    static Result<AnswerText> read(Reader& reader);
    void write(Writer& writer) const;
};

/// From the agent in the companion.
/// Wire: opaque answer<V>; opaque receipt<V>; CommitmentKeys keys; opaque prompts<V> of opaque
/// prompt<V>; uint32 first_token_ms;
///       uint32 output_tokens; uint32 generation_ms.
struct Answer {
    AnswerText answer;
    Receipt receipt;
    CommitmentKeys keys;
    std::vector<Bytes> prompts;  // Of each model call: what --replay needs. Stays in the companion.
    std::uint32_t first_token_ms = 0;
    std::uint32_t output_tokens = 0;
    std::uint32_t generation_ms = 0;
    static Result<Answer> read(Reader& reader);
    void write(Writer& writer) const;
};

/// From the asker in the conversation: everybody there can verify it alone. The asked content and
/// the asker are what the receipt's question is the id of.
/// Wire: opaque companion_id[32]; text asker<V>; opaque asked<V>; opaque answer<V>;
/// opaque receipt<V>; CommitmentKeys keys; opaque agent_leaf<V>;
///       uint32 lacking (messages of agreeing authors that the receipt lacks, by the asker's
///       count).
struct AnswerPost {
    GroupId companion_id{};
    std::string asker;  // CAIP-10
    Content asked;      // Its body is a Question.
    AnswerText answer;
    Receipt receipt;
    CommitmentKeys keys;
    Bytes agent_leaf;
    std::uint32_t lacking = 0;
    /// Precondition (checked): asked is a question, as read() has checked.
    [[nodiscard]] Question question() const;
    static Result<AnswerPost> read(Reader& reader);
    void write(Writer& writer) const;
};

}  // namespace chatmcp::wire
