#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/sign.h"
#include "identity/wallet_proof.h"

namespace chatmcp::identity {

/// The largest wallet file that is read: 64 numbers with generous white space.
inline constexpr std::size_t kWalletFileMaxBytes = 4096;

/// A wallet file: the JSON array of 64 numbers (seed, then public key) that solana-keygen writes.
/// Plaintext by its format; the caller keeps it at mode 0600 and wipes what it read.
///
/// Errors: too_large (ID-26); malformed (ID-27) anything but 64 numbers from 0 to 255 in one array;
///         wrong_key (ID-28) a public half that is not the seed's: the file is damaged, and its
///         owner would sign for an address that nobody knows.
[[nodiscard]] Result<crypto::SigningKey> read_wallet_file(ByteView content);
[[nodiscard]] SecretBytes write_wallet_file(const crypto::SigningKey& key);

/// The wallet in the file signs, as an app would: the one place where a wallet's key signs
/// anything.
///
/// Trust:  the text comes from a client that this wallet need not trust, so it signs only what is
///         one of our texts (WalletProof::text, AgentCredential::text) for its own address.
/// Errors: wrong_purpose (ID-29) any other text.
[[nodiscard]] Result<Signature> sign_wallet_text(const crypto::SigningKey& wallet,
                                                 std::string_view text);

}  // namespace chatmcp::identity
