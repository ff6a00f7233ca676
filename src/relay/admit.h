#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "relay/context.h"
#include "wire/delivery.h"

namespace chatmcp::relay {

/// How long a login lasts.
inline constexpr std::int64_t kTokenLifetimeMs = 12 * kHourMs;

/// A device or enclave that has shown that it holds this root key, now. Only Admission makes one.
class LoggedIn {
  public:
    [[nodiscard]] const wire::Ed25519Key& root_key() const { return root_key_; }
    [[nodiscard]] const wire::InboxId& inbox() const { return inbox_; }
    [[nodiscard]] UnixMs expires_at() const { return expires_at_; }

  private:
    friend class Admission;
    LoggedIn() = default;

    wire::Ed25519Key root_key_{};
    wire::InboxId inbox_{};
    UnixMs expires_at_;
};

/// Who may do what: signatures of admission keys, challenges, logins. Keeps nothing: challenges and
/// tokens are this relay's own MACs, under keys made from its signing key, so that they survive a
/// restart.
class Admission {
  public:
    explicit Admission(const Context& context);

    /// Wire:  uint64 issued_at_ms; opaque nonce[16]; opaque mac[32].
    [[nodiscard]] Bytes new_challenge() const;

    /// Errors: wrong_key (RLY-01) the request is for another relay; unauthenticated (RLY-02) not a
    ///         challenge of ours, (RLY-03) given more than five minutes ago or in the future.
    [[nodiscard]] Result<void> check_relay(const wire::Ed25519Key& relay_key,
                                           const Peer& peer) const;
    [[nodiscard]] Result<void> check_challenge(ByteView challenge, const Peer& peer) const;

    /// Errors: rate_limited (RLY-04) this source was refused too often lately; permission_denied
    ///         (RLY-05) the epoch's key did not sign this.
    [[nodiscard]] Result<void> check_admission(const wire::AdmissionContent& content,
                                               const wire::Ed25519Key& admission_key,
                                               const wire::Ed25519Signature& signature,
                                               const Peer& peer) const;

    /// Errors: as check_relay and check_challenge; rate_limited (RLY-04, RLY-19); unauthenticated
    ///         (RLY-17) another connection, (RLY-18) signature.
    [[nodiscard]] Result<wire::Login::Reply> log_in(const wire::Login& request,
                                                    const Peer& peer) const;
    /// Errors: unauthenticated (RLY-20) not a token of ours, (RLY-21) its time is over.
    [[nodiscard]] Result<LoggedIn> check_token(ByteView token, const Peer& peer) const;

  private:
    // One more refusal for this source.
    [[nodiscard]] std::unexpected<Error> refuse(Errc code,
                                                const char* check,
                                                const Peer& peer) const;
    [[nodiscard]] Result<void> check_refusals(const Peer& peer) const;

    const Context& context_;
    SecretBytes challenge_key_;
    SecretBytes token_key_;
};

}  // namespace chatmcp::relay
