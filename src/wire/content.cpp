#include "wire/content.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <utility>

#include "base/check.h"
#include "wire/cbor.h"
#include "wire/components.h"
#include "wire/frames.h"

namespace chatmcp::wire {
namespace {

constexpr std::size_t kDigestBytes = crypto::kSha256Bytes;
constexpr std::size_t kKeyPackageBytesMax = std::size_t{32} * 1024;
constexpr std::size_t kReceiptMaxBytes = Receipt::kInputsMax * kDigestBytes + 4096;

Result<UnixMs> read_time(Reader& reader) {
    CHATMCP_TRY(const std::uint64_t value, reader.u64());
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return fail(Errc::malformed, "CON-02");
    }
    return UnixMs{static_cast<std::int64_t>(value)};
}

void write_time(Writer& writer, UnixMs at) {
    CHATMCP_CHECK(at.value >= 0);
    writer.u64(static_cast<std::uint64_t>(at.value));
}

Result<Bytes> read_bytes(Reader& reader, std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView view, reader.vector(max_bytes));
    return to_bytes(view);
}

// Whatever is shown to people is UTF-8, so that no viewer has to guess.
Result<std::string> read_text(Reader& reader, std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView view, reader.vector(max_bytes));
    if (!is_utf8(view)) {
        return fail(Errc::malformed, "CON-03");
    }
    return to_text(view);
}

void write_text(Writer& writer, std::string_view text, std::size_t max_bytes) {
    CHATMCP_CHECK(text.size() <= max_bytes);
    writer.vector(as_bytes(text));
}

// A number that names one of `first`..`last`.
Result<std::uint8_t> read_choice(Reader& reader, std::uint8_t first, std::uint8_t last) {
    CHATMCP_TRY(const std::uint8_t value, reader.u8());
    if (value < first || value > last) {
        return fail(Errc::malformed, "CON-04");
    }
    return value;
}

template <class T>
Result<T> read_nested(Reader& reader, std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView view, reader.vector(max_bytes));
    return decode<T>(view);
}

template <class T>
void write_nested(Writer& writer, const T& value) {
    writer.vector(encode(value));
}

Result<std::vector<Digest>> read_digests(Reader& reader, std::size_t count_max) {
    CHATMCP_TRY(Reader list, reader.sub(count_max * kDigestBytes));
    std::vector<Digest> out;
    out.reserve(list.remaining() / kDigestBytes);
    while (!list.empty()) {
        CHATMCP_TRY(const Digest digest, list.array<kDigestBytes>());
        out.push_back(digest);
    }
    return out;
}

void write_digests(Writer& writer, const std::vector<Digest>& digests, std::size_t count_max) {
    CHATMCP_CHECK(digests.size() <= count_max);
    writer.vector_of([&](Writer& list) {
        for (const Digest& digest : digests) {
            list.fixed(digest);
        }
    });
}

Result<std::vector<std::string>> read_lines(Reader& reader) {
    CHATMCP_TRY(Reader list, reader.sub(Content::kBodyMaxBytes));
    std::vector<std::string> out;
    while (!list.empty()) {
        if (out.size() == AnswerText::kLinesMax) {
            return fail(Errc::too_large, "CON-09");
        }
        CHATMCP_TRY(std::string line, read_text(list, AnswerText::kLineMaxBytes));
        out.push_back(std::move(line));
    }
    return out;
}

void write_lines(Writer& writer, const std::vector<std::string>& lines) {
    CHATMCP_CHECK(lines.size() <= AnswerText::kLinesMax);
    writer.vector_of([&](Writer& list) {
        for (const std::string& line : lines) {
            write_text(list, line, AnswerText::kLineMaxBytes);
        }
    });
}

}  // namespace

// ---- Content ----

Result<Content> Content::read(Reader& reader) {
    Content out;
    CHATMCP_TRY(out.salt, reader.array<32>());
    CHATMCP_TRY(const std::uint8_t type, reader.u8());
    if (!((type >= 1 && type <= 8) || (type >= 16 && type <= 20))) {
        return fail(Errc::unsupported, "CON-01");
    }
    out.type = static_cast<ContentType>(type);
    CHATMCP_TRY(out.sent_at, read_time(reader));
    if (out.type == ContentType::text) {
        CHATMCP_TRY(const std::string text, read_text(reader, kTextMaxBytes));
        out.body = to_bytes(as_bytes(text));
    } else {
        CHATMCP_TRY(out.body, read_bytes(reader, kBodyMaxBytes));
    }
    return out;
}

void Content::write(Writer& writer) const {
    CHATMCP_CHECK(body.size() <= (type == ContentType::text ? kTextMaxBytes : kBodyMaxBytes));
    writer.fixed(salt);
    writer.u8(static_cast<std::uint8_t>(type));
    write_time(writer, sent_at);
    writer.vector(body);
}

MessageId message_id(const GroupId& conversation,
                     std::string_view author_account,
                     ByteView content) {
    return crypto::sha256(
        {as_bytes("chatmcp message"), conversation, as_bytes(author_account), content});
}

std::size_t padded_size(std::size_t plaintext_bytes) {
    for (const std::size_t size : kSizeClasses) {
        if (plaintext_bytes <= size) {
            return size;
        }
    }
    constexpr std::size_t kLargest = kSizeClasses[std::size(kSizeClasses) - 1];
    return (plaintext_bytes + kLargest - 1) / kLargest * kLargest;
}

// ---- Grant, announcement, agreement ----

Result<Grant> Grant::read(Reader& reader) {
    Grant out;
    CHATMCP_TRY(out.agent_credential_digest, reader.array<kDigestBytes>());
    CHATMCP_TRY(Reader list, reader.sub(kMaxBytes));
    while (!list.empty()) {
        CHATMCP_TRY(const std::uint8_t scope, read_choice(list, 1, 2));
        if (!out.scopes.empty() && static_cast<std::uint8_t>(out.scopes.back()) >= scope) {
            return fail(Errc::not_canonical, "CON-05");
        }
        out.scopes.push_back(static_cast<Scope>(scope));
    }
    if (out.scopes.empty()) {
        return fail(Errc::not_canonical, "CON-05");
    }
    CHATMCP_TRY(out.expires_at, read_time(reader));
    CHATMCP_TRY(out.questions_max, reader.u32());
    CHATMCP_TRY(out.original_bytes_max, reader.u64());
    return out;
}

void Grant::write(Writer& writer) const {
    CHATMCP_CHECK(!scopes.empty());
    writer.fixed(agent_credential_digest);
    writer.vector_of([&](Writer& list) {
        for (const Scope scope : scopes) {
            list.u8(static_cast<std::uint8_t>(scope));
        }
    });
    write_time(writer, expires_at);
    writer.u32(questions_max);
    writer.u64(original_bytes_max);
}

Digest Grant::digest() const {
    return crypto::sha256({as_bytes("chatmcp grant"), encode(*this)});
}

Result<Announcement> Announcement::read(Reader& reader) {
    Announcement out;
    CHATMCP_TRY(out.companion_id, reader.array<32>());
    CHATMCP_TRY(out.grant, read_nested<Grant>(reader, Grant::kMaxBytes));
    CHATMCP_TRY(out.agent_leaf, read_bytes(reader, kAgentLeafMaxBytes));
    CHATMCP_TRY(out.receipts, reader.u64());
    return out;
}

void Announcement::write(Writer& writer) const {
    CHATMCP_CHECK(agent_leaf.size() <= kAgentLeafMaxBytes);
    writer.fixed(companion_id);
    write_nested(writer, grant);
    writer.vector(agent_leaf);
    writer.u64(receipts);
}

Result<Agreement> Agreement::read(Reader& reader) {
    Agreement out;
    CHATMCP_TRY(out.companion_id, reader.array<32>());
    CHATMCP_TRY(out.grant_digest, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.agent_credential_digest, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.key_package, read_bytes(reader, kKeyPackageBytesMax));
    CHATMCP_TRY(const std::uint8_t from, read_choice(reader, 1, 2));
    out.from = static_cast<AgreeFrom>(from);
    return out;
}

void Agreement::write(Writer& writer) const {
    CHATMCP_CHECK(key_package.size() <= kKeyPackageBytesMax);
    writer.fixed(companion_id);
    writer.fixed(grant_digest);
    writer.fixed(agent_credential_digest);
    writer.vector(key_package);
    writer.u8(static_cast<std::uint8_t>(from));
}

// ---- Payments ----

Result<PaymentTerms> PaymentTerms::read(Reader& reader) {
    PaymentTerms out;
    CHATMCP_TRY(out.genesis_hash, reader.array<32>());
    CHATMCP_TRY(out.program, reader.array<32>());
    CHATMCP_TRY(out.payer, reader.array<32>());
    CHATMCP_TRY(out.recipient, reader.array<32>());
    CHATMCP_TRY(out.amount, reader.u64());
    CHATMCP_TRY(out.nonce, reader.array<32>());
    return out;
}

void PaymentTerms::write(Writer& writer) const {
    writer.fixed(genesis_hash);
    writer.fixed(program);
    writer.fixed(payer);
    writer.fixed(recipient);
    writer.u64(amount);
    writer.fixed(nonce);
}

Digest PaymentTerms::commitment(const GroupId& conversation) const {
    return crypto::sha256({as_bytes("chatmcp payment"), conversation, encode(*this)});
}

Result<Payment> Payment::read(Reader& reader) {
    Payment out;
    CHATMCP_TRY(out.terms, PaymentTerms::read(reader));
    CHATMCP_TRY(out.transaction, reader.array<64>());
    CHATMCP_TRY(out.text, read_text(reader, kTextMaxBytes));
    return out;
}

void Payment::write(Writer& writer) const {
    terms.write(writer);
    writer.fixed(transaction);
    write_text(writer, text, kTextMaxBytes);
}

Result<PaymentRequest> PaymentRequest::read(Reader& reader) {
    PaymentRequest out;
    CHATMCP_TRY(out.genesis_hash, reader.array<32>());
    CHATMCP_TRY(out.program, reader.array<32>());
    CHATMCP_TRY(out.amount, reader.u64());
    CHATMCP_TRY(out.text, read_text(reader, Payment::kTextMaxBytes));
    return out;
}

void PaymentRequest::write(Writer& writer) const {
    writer.fixed(genesis_hash);
    writer.fixed(program);
    writer.u64(amount);
    write_text(writer, text, Payment::kTextMaxBytes);
}

// ---- Copies and questions ----

Result<Copy> Copy::read(Reader& reader) {
    Copy out;
    CHATMCP_TRY(Reader list, reader.sub(Content::kBodyMaxBytes));
    std::size_t total_bytes = 0;
    std::uint64_t last = 0;
    while (!list.empty()) {
        Original original;
        CHATMCP_TRY(original.position, list.u64());
        if (original.position <= last) {
            return fail(Errc::not_canonical, "CON-06");
        }
        last = original.position;
        CHATMCP_TRY(original.content, read_bytes(list, kOriginalsMaxBytes));
        total_bytes += original.content.size();
        if (total_bytes > kOriginalsMaxBytes) {
            return fail(Errc::too_large, "CON-07");
        }
        out.originals.push_back(std::move(original));
    }
    if (out.originals.empty()) {
        return fail(Errc::not_canonical, "CON-06");
    }
    return out;
}

void Copy::write(Writer& writer) const {
    writer.vector_of([&](Writer& list) {
        for (const Original& original : originals) {
            list.u64(original.position);
            list.vector(original.content);
        }
    });
}

Result<Question> Question::read(Reader& reader) {
    Question out;
    CHATMCP_TRY(const std::uint8_t scope, read_choice(reader, 1, 2));
    out.scope = static_cast<Scope>(scope);
    CHATMCP_TRY(out.text, read_text(reader, kTextMaxBytes));
    return out;
}

void Question::write(Writer& writer) const {
    writer.u8(static_cast<std::uint8_t>(scope));
    write_text(writer, text, kTextMaxBytes);
}

Result<Progress> Progress::read(Reader& reader) {
    Progress out;
    CHATMCP_TRY(out.question, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.stage, read_choice(reader, 1, 3));
    CHATMCP_TRY(out.done, reader.u32());
    CHATMCP_TRY(out.total, reader.u32());
    return out;
}

void Progress::write(Writer& writer) const {
    writer.fixed(question);
    writer.u8(stage);
    writer.u32(done);
    writer.u32(total);
}

Result<Refusal> Refusal::read(Reader& reader) {
    Refusal out;
    CHATMCP_TRY(out.question, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.check, read_text(reader, kCheckMaxBytes));
    if (!is_check_id(out.check)) {
        return fail(Errc::malformed, "CON-12");
    }
    CHATMCP_TRY(out.reason, read_text(reader, kReasonMaxBytes));
    return out;
}

void Refusal::write(Writer& writer) const {
    writer.fixed(question);
    CHATMCP_CHECK(is_check_id(check));
    write_text(writer, check, kCheckMaxBytes);
    write_text(writer, reason, kReasonMaxBytes);
}

// ---- Answers and receipts ----

Result<Receipt> Receipt::read(Reader& reader) {
    Receipt out;
    CHATMCP_TRY(out.version, reader.u16());
    if (out.version != kVersion) {
        return fail(Errc::unsupported_version, "CON-08");
    }
    CHATMCP_TRY(out.companion_commitment, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.epoch, reader.u64());
    CHATMCP_TRY(out.grant_digest, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.question, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.asker_leaf, reader.u32());
    CHATMCP_TRY(out.sequence, reader.u64());
    CHATMCP_TRY(out.time, read_time(reader));
    CHATMCP_TRY(out.time_source, read_choice(reader, 1, 2));
    CHATMCP_TRY(out.evidence_digest, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.measurement, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.weights_root, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.configuration_digest, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.engine_build_digest, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.engine_settings_digest, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.inputs, read_digests(reader, kInputsMax));
    CHATMCP_TRY(out.prompts_root, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.tools_root, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.output_commitment, reader.array<kDigestBytes>());
    CHATMCP_TRY(out.platform, read_text(reader, kPlatformMaxBytes));
    CHATMCP_TRY(out.signature, reader.array<64>());
    return out;
}

void Receipt::write(Writer& writer) const {
    write_signed(writer);
    writer.fixed(signature);
}

void Receipt::write_signed(Writer& writer) const {
    writer.u16(version);
    writer.fixed(companion_commitment);
    writer.u64(epoch);
    writer.fixed(grant_digest);
    writer.fixed(question);
    writer.u32(asker_leaf);
    writer.u64(sequence);
    write_time(writer, time);
    writer.u8(time_source);
    writer.fixed(evidence_digest);
    writer.fixed(measurement);
    writer.fixed(weights_root);
    writer.fixed(configuration_digest);
    writer.fixed(engine_build_digest);
    writer.fixed(engine_settings_digest);
    write_digests(writer, inputs, kInputsMax);
    writer.fixed(prompts_root);
    writer.fixed(tools_root);
    writer.fixed(output_commitment);
    write_text(writer, platform, kPlatformMaxBytes);
}

Result<CommitmentKeys> CommitmentKeys::read(Reader& reader) {
    CommitmentKeys out;
    CHATMCP_TRY(out.companion, reader.array<32>());
    CHATMCP_TRY(out.prompts, reader.array<32>());
    CHATMCP_TRY(out.output, reader.array<32>());
    return out;
}

void CommitmentKeys::write(Writer& writer) const {
    writer.fixed(companion);
    writer.fixed(prompts);
    writer.fixed(output);
}

Result<AnswerText> AnswerText::read(Reader& reader) {
    AnswerText out;
    CHATMCP_TRY(out.text, read_text(reader, kTextMaxBytes));
    CHATMCP_TRY(out.points, read_lines(reader));
    CHATMCP_TRY(out.rests_on, read_digests(reader, kRestsOnMax));
    CHATMCP_TRY(out.dropped, read_lines(reader));
    return out;
}

void AnswerText::write(Writer& writer) const {
    write_text(writer, text, kTextMaxBytes);
    write_lines(writer, points);
    write_digests(writer, rests_on, kRestsOnMax);
    write_lines(writer, dropped);
}

Result<Answer> Answer::read(Reader& reader) {
    Answer out;
    CHATMCP_TRY(out.answer, read_nested<AnswerText>(reader, Content::kBodyMaxBytes));
    CHATMCP_TRY(out.receipt, read_nested<Receipt>(reader, kReceiptMaxBytes));
    CHATMCP_TRY(out.keys, CommitmentKeys::read(reader));
    CHATMCP_TRY(Reader list, reader.sub(Content::kBodyMaxBytes));
    while (!list.empty()) {
        CHATMCP_TRY(Bytes prompt, read_bytes(list, Content::kBodyMaxBytes));
        out.prompts.push_back(std::move(prompt));
    }
    CHATMCP_TRY(out.first_token_ms, reader.u32());
    CHATMCP_TRY(out.output_tokens, reader.u32());
    CHATMCP_TRY(out.generation_ms, reader.u32());
    return out;
}

void Answer::write(Writer& writer) const {
    write_nested(writer, answer);
    write_nested(writer, receipt);
    keys.write(writer);
    writer.vector_of([&](Writer& list) {
        for (const Bytes& prompt : prompts) {
            list.vector(prompt);
        }
    });
    writer.u32(first_token_ms);
    writer.u32(output_tokens);
    writer.u32(generation_ms);
}

Result<AnswerPost> AnswerPost::read(Reader& reader) {
    AnswerPost out;
    CHATMCP_TRY(out.companion_id, reader.array<32>());
    CHATMCP_TRY(out.asker, read_text(reader, Roles::kAccountMaxBytes));
    CHATMCP_TRY(out.asked, read_nested<Content>(reader, Question::kTextMaxBytes + 128));
    if (out.asked.type != ContentType::question) {
        return fail(Errc::malformed, "CON-11");
    }
    CHATMCP_TRY_VOID(decode<Question>(out.asked.body));
    CHATMCP_TRY(out.answer, read_nested<AnswerText>(reader, Content::kBodyMaxBytes));
    CHATMCP_TRY(out.receipt, read_nested<Receipt>(reader, kReceiptMaxBytes));
    CHATMCP_TRY(out.keys, CommitmentKeys::read(reader));
    CHATMCP_TRY(out.agent_leaf, read_bytes(reader, Announcement::kAgentLeafMaxBytes));
    CHATMCP_TRY(out.lacking, reader.u32());
    return out;
}

Question AnswerPost::question() const {
    auto decoded = decode<Question>(asked.body);
    CHATMCP_CHECK(decoded.has_value());
    return *std::move(decoded);
}

void AnswerPost::write(Writer& writer) const {
    CHATMCP_CHECK(agent_leaf.size() <= Announcement::kAgentLeafMaxBytes);
    writer.fixed(companion_id);
    writer.vector(as_bytes(asker));
    write_nested(writer, asked);
    write_nested(writer, answer);
    write_nested(writer, receipt);
    keys.write(writer);
    writer.vector(agent_leaf);
    writer.u32(lacking);
}

}  // namespace chatmcp::wire
