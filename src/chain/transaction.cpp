#include "chain/transaction.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "chain/codec.h"
#include "chain/message_rules.h"

namespace chatmcp::chain {
namespace {

constexpr std::uint8_t kVersionFlag = 0x80;
// Behind the version, the header begins with it.
constexpr std::size_t kV1SignerCountOffset = 1;

bool is_missing(const Signature& signature) {
    return signature == Signature{};
}

Result<void> verify_one(const Address& signer, ByteView message, const Signature& signature) {
    if (!crypto::verify_raw(crypto::SignatureScheme::ed25519, signer.bytes, message, signature)) {
        return fail(Errc::bad_signature, "CHN-34");
    }
    return {};
}

// The two parts of a transaction, borrowed.
struct Parts {
    ByteView signatures;
    ByteView message;
};

Result<Parts> split_legacy_or_v0(ByteView input) {
    Reader reader(input);
    CHATMCP_TRY(const std::size_t count, reader.compact_u16());
    CHATMCP_TRY(const ByteView signatures, reader.fixed(count * sizeof(Signature)));
    return Parts{signatures, reader.rest()};
}

Result<Parts> split_v1(ByteView input) {
    if (input.size() <= kV1SignerCountOffset) {
        return fail(Errc::malformed, "CHN-31");
    }
    const std::size_t signatures = input[kV1SignerCountOffset] * sizeof(Signature);
    if (signatures > input.size()) {
        return fail(Errc::malformed, "CHN-31");
    }
    return Parts{input.last(signatures), input.first(input.size() - signatures)};
}

}  // namespace

std::size_t transaction_max_bytes(MessageVersion version) {
    return version == MessageVersion::v1 ? kV1TransactionMaxBytes : kLegacyTransactionMaxBytes;
}

Transaction::Transaction(Message message, Bytes message_bytes)
    : message_(std::move(message)),
      message_bytes_(std::move(message_bytes)),
      signatures_(message_.required_signatures) {}

std::size_t Transaction::size_bytes() const {
    // Below 128 signatures their count is one byte; more would not fit.
    const std::size_t count_bytes = message_.version == MessageVersion::v1 ? 0 : 1;
    return count_bytes + signatures_.size() * sizeof(Signature) + message_bytes_.size();
}

Result<void> Transaction::check_size() const {
    if (size_bytes() > transaction_max_bytes(message_.version)) {
        return fail(Errc::too_large, "CHN-30");
    }
    return {};
}

Result<Transaction> Transaction::make(Message message) {
    CHATMCP_TRY_VOID(check_message(message));
    Bytes bytes = chain::encode(message);
    Transaction out(std::move(message), std::move(bytes));
    CHATMCP_TRY_VOID(out.check_size());
    return out;
}

Result<Transaction> Transaction::make(const Draft& draft) {
    CHATMCP_TRY(Message message, compile(draft));
    return make(std::move(message));
}

Result<Transaction> Transaction::decode(ByteView input) {
    if (input.size() > kV1TransactionMaxBytes) {
        return fail(Errc::too_large, "CHN-30");
    }
    const bool message_first = !input.empty() && (input.front() & kVersionFlag) != 0;
    CHATMCP_TRY(const Parts parts, message_first ? split_v1(input) : split_legacy_or_v0(input));
    CHATMCP_TRY(Message message, decode_message(parts.message));
    // Version 0 has its signatures first, version 1 its message.
    if (message_first != (message.version == MessageVersion::v1) ||
        parts.signatures.size() != message.required_signatures * sizeof(Signature)) {
        return fail(Errc::malformed, "CHN-31");
    }
    Transaction out(std::move(message), to_bytes(parts.message));
    for (std::size_t i = 0; i < out.signatures_.size(); ++i) {
        out.signatures_[i] = to_array<sizeof(Signature)>(
            parts.signatures.subspan(i * sizeof(Signature), sizeof(Signature)));
    }
    CHATMCP_TRY_VOID(out.check_size());
    return out;
}

Bytes Transaction::encode() const {
    Writer writer;
    writer.reserve(size_bytes());
    const bool message_first = message_.version == MessageVersion::v1;
    if (message_first) {
        writer.fixed(message_bytes_);
    } else {
        writer.compact_u16(signatures_.size());
    }
    for (const Signature& signature : signatures_) {
        writer.fixed(signature);
    }
    if (!message_first) {
        writer.fixed(message_bytes_);
    }
    return writer.take();
}

Result<std::size_t> Transaction::place_of(const Address& signer) const {
    for (std::size_t place = 0; place < signatures_.size(); ++place) {
        if (message_.accounts[place] == signer) {
            return place;
        }
    }
    return fail(Errc::wrong_key, "CHN-32");
}

Result<void> Transaction::sign(const crypto::SigningKey& key) {
    CHATMCP_TRY(const std::size_t place, place_of({key.public_key()}));
    signatures_[place] = key.sign_raw(message_bytes_);
    return {};
}

Result<void> Transaction::add_signature(const Address& signer, const Signature& signature) {
    CHATMCP_TRY(const std::size_t place, place_of(signer));
    CHATMCP_TRY_VOID(verify_one(signer, message_bytes_, signature));
    signatures_[place] = signature;
    return {};
}

Result<void> Transaction::verify() const {
    for (std::size_t place = 0; place < signatures_.size(); ++place) {
        if (is_missing(signatures_[place])) {
            return fail(Errc::not_found, "CHN-33");
        }
        CHATMCP_TRY_VOID(verify_one(message_.accounts[place], message_bytes_, signatures_[place]));
    }
    return {};
}

Result<std::string> Transaction::id() const {
    if (is_missing(signatures_.front())) {
        return fail(Errc::not_found, "CHN-33");
    }
    return to_base58(signatures_.front());
}

crypto::Sha256Digest Transaction::message_digest() const {
    return crypto::sha256(message_bytes_);
}

}  // namespace chatmcp::chain
