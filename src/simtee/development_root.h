#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "wire/evidence.h"

namespace chatmcp::simtee {

/// This machine's development root: the key that signs simulated quotes, and the secret that
/// sealing keys come from.
///
/// Both come from 32 random bytes in one file, mode 0600, made at the first use. It lies there in
/// the clear, by its nature: the launcher must start without anybody present, and whoever owns the
/// machine owns the simulated platform whatever the file looks like. Trusting this root means
/// trusting everybody who can read the file.
class DevelopmentRoot {
  public:
    static constexpr std::size_t kSecretBytes = 32;

    /// Read the file, or make it (and its folder, mode 0700) when there is none.
    ///
    /// Errors: storage (TEE-47) it cannot be read or made; storage_corrupt (TEE-46) it has not
    ///         kSecretBytes bytes; permission_denied (TEE-45) it is no ordinary file, belongs to
    ///         somebody else, or others may read or write it.
    [[nodiscard]] static Result<DevelopmentRoot> open_or_make(const std::string& path,
                                                              crypto::Random& random);

    [[nodiscard]] const crypto::SigningKey& signing_key() const { return signing_key_; }
    [[nodiscard]] wire::RootFingerprint fingerprint() const;
    /// HKDF-Expand(sealing secret, { opaque measurement[32]; opaque context<V>; }, 32).
    [[nodiscard]] SecretBytes sealing_key(const wire::Measurement& measurement,
                                          ByteView context) const;

  private:
    DevelopmentRoot(crypto::SigningKey signing_key, SecretBytes sealing_secret);

    crypto::SigningKey signing_key_;
    SecretBytes sealing_secret_;
};

/// $XDG_STATE_HOME/chatmcp/development-root, or below ~/.local/state. Empty when neither variable
/// is set.
[[nodiscard]] std::string default_root_path();

}  // namespace chatmcp::simtee
