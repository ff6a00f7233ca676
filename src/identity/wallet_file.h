#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/sign.h"

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

}  // namespace chatmcp::identity
