#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/key_value.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/random.h"

namespace chatmcp::client {

/// The key of one home: opens its values and hides its names. Held in memory while a program runs.
///
/// Wire:  the home's header, under the one name that is not hidden: uint16 version (1); uint64 n;
///        uint32 r; uint32 p (scrypt); opaque salt[32]; opaque nonce[12]; opaque sealed[48] (a
///        random home secret, ChaCha20-Poly1305 under the scrypt key, associated data all before
///        it); opaque check[8] (of SHA-256 of all before it: tells a damaged header from a wrong
///        passphrase).
class HomeKey {
  public:
    /// Make a home: draw its secret and write the header. Errors: already_exists (CLT-01);
    /// invalid_argument (CLT-06).
    [[nodiscard]] static Result<HomeKey> create(Transaction& home,
                                                ByteView passphrase,
                                                const crypto::ScryptParameters& parameters,
                                                crypto::Random& random);
    /// Errors: not_found (CLT-02) no header; storage_corrupt (CLT-04); unsupported_version
    /// (CLT-05);
    ///         invalid_argument (CLT-06) parameters that ask for more than crypto/kdf.h allows;
    ///         wrong_passphrase (CLT-03).
    [[nodiscard]] static Result<HomeKey> open(Transaction& home, ByteView passphrase);

  private:
    friend class SealedTransaction;
    explicit HomeKey(ByteView secret);

    crypto::Aead values_;
    SecretBytes names_;
};

/// A transaction whose values are sealed and whose names say nothing: what all of client, and mls
/// below it, reads and writes.
///
/// Names: a logical key is a table (up to and with its first '/'), an id of kIdBytes, and the rest.
/// Stored is 0x01 || the first 16 bytes of HMAC-SHA-256(name key, table || id) || rest. So whoever
/// has the disk sees how many rows belong together and the counters that order them, and neither
/// accounts nor group ids. Order is kept within one table and id, where scans happen; a scan whose
/// prefix is shorter than that is a programmer error. Keys without an id (shorter) are hidden
/// whole.
///
/// Values: 12-byte random nonce || AEAD(logical key, value), associated data the stored name: a
/// value that was moved, changed or cut does not open. A row that is deleted or put back to an
/// older version as a whole is not noticed here.
class SealedTransaction final : public Transaction {
  public:
    static constexpr std::size_t kIdBytes = 32;

    SealedTransaction(Transaction& below, const HomeKey& key, crypto::Random& random)
        : below_(below), key_(key), random_(random) {}

    // Errors of all, beside those of the store below: storage_corrupt (CLT-07).
    [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) override;
    [[nodiscard]] Result<std::vector<KeyValuePair>> scan(ByteView prefix,
                                                         ByteView after,
                                                         std::size_t limit) override;
    [[nodiscard]] Result<void> put(ByteView key, ByteView value) override;
    [[nodiscard]] Result<void> erase(ByteView key) override;

    /// Whether this transaction wrote anything.
    [[nodiscard]] bool wrote() const { return wrote_; }

  private:
    [[nodiscard]] Bytes stored_name(ByteView key) const;
    [[nodiscard]] Result<KeyValuePair> open(ByteView name, ByteView sealed) const;

    Transaction& below_;
    const HomeKey& key_;
    crypto::Random& random_;
    bool wrote_ = false;
};

}  // namespace chatmcp::client
