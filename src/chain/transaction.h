#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "chain/message.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

namespace chatmcp::chain {

using Signature = ByteArray<crypto::kEd25519SignatureBytes>;

inline constexpr std::size_t kLegacyTransactionMaxBytes = 1232;  // Also of version 0.
inline constexpr std::size_t kV1TransactionMaxBytes = 4096;
[[nodiscard]] std::size_t transaction_max_bytes(MessageVersion version);

/// A message and the signatures that it asks for. A signature that is still missing is all zero.
///
/// Wire: legacy and version 0: compact array of signatures, message. Version 1: message,
/// signatures.
class Transaction {
  public:
    /// Unsigned. The size is that of the signed transaction, so that nothing is signed that no
    /// cluster takes.
    ///
    /// Errors: too_large (CHN-30); those of decode_message for a message that compile did not make.
    [[nodiscard]] static Result<Transaction> make(Message message);
    [[nodiscard]] static Result<Transaction> make(const Draft& draft);

    /// Decode exactly one transaction; its signatures are not looked at.
    ///
    /// Errors: those of decode_message; too_large (CHN-30); malformed (CHN-31) another number of
    ///         signatures than the message asks for.
    [[nodiscard]] static Result<Transaction> decode(ByteView input);
    [[nodiscard]] Bytes encode() const;

    /// Sign as one of those who must. The caller has shown the owner of `key` what it says.
    /// Errors: wrong_key (CHN-32) the message does not ask for this key.
    [[nodiscard]] Result<void> sign(const crypto::SigningKey& key);
    /// Put in what another wallet signed.
    /// Errors: wrong_key (CHN-32); bad_signature (CHN-34).
    [[nodiscard]] Result<void> add_signature(const Address& signer, const Signature& signature);
    /// Every signature is there and good.
    /// Errors: not_found (CHN-33) one is missing; bad_signature (CHN-34).
    [[nodiscard]] Result<void> verify() const;

    /// The fee payer's signature in base58: the name that a cluster knows it by.
    /// Errors: not_found (CHN-33) the fee payer has not signed.
    [[nodiscard]] Result<std::string> id() const;

    [[nodiscard]] const Message& message() const { return message_; }
    /// What is signed.
    [[nodiscard]] const Bytes& message_bytes() const { return message_bytes_; }
    /// SHA-256 of it: to compare what was shown with what is sent. Validators have another one.
    [[nodiscard]] crypto::Sha256Digest message_digest() const;
    [[nodiscard]] const std::vector<Signature>& signatures() const { return signatures_; }
    [[nodiscard]] std::size_t size_bytes() const;

  private:
    Transaction(Message message, Bytes message_bytes);
    [[nodiscard]] Result<void> check_size() const;
    [[nodiscard]] Result<std::size_t> place_of(const Address& signer) const;

    Message message_;
    Bytes message_bytes_;
    std::vector<Signature> signatures_;
};

}  // namespace chatmcp::chain
