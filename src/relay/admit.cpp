#include "relay/admit.h"

#include "base/check.h"
#include "crypto/kdf.h"
#include "identity/device_log.h"
#include "wire/labelled_sign.h"
#include "wire/tls.h"

namespace chatmcp::relay {
namespace {

constexpr std::uint8_t kTokenVersion = 1;
constexpr std::size_t kChallengeNonceBytes = 16;
constexpr std::size_t kMacBytes = crypto::kSha256Bytes;
constexpr std::size_t kChallengeBytes = 8 + kChallengeNonceBytes + kMacBytes;
constexpr std::size_t kTokenBytes = 1 + 32 + 8 + kMacBytes;
static_assert(kChallengeBytes <= wire::kChallengeMaxBytes);
static_assert(kTokenBytes <= wire::kTokenMaxBytes);

// The signing key's seed is the only secret on disk; every other key of the relay comes from it.
SecretBytes derive(const crypto::SigningKey& key, std::string_view purpose) {
    const SecretBytes prk =
        crypto::hkdf_extract(crypto::HashId::sha256, as_bytes("chatmcp relay"), key.seed());
    return crypto::hkdf_expand(
        crypto::HashId::sha256, prk.view(), as_bytes(purpose), crypto::kSha256Bytes);
}

Bytes with_mac(const SecretBytes& key, Bytes content) {
    append(content, crypto::hmac_sha256(key.view(), content));
    return content;
}

// The content of what carries our MAC; nothing if it does not.
std::optional<ByteView> without_mac(const SecretBytes& key, ByteView input, std::size_t size) {
    if (input.size() != size) {
        return std::nullopt;
    }
    const ByteView content = input.first(size - kMacBytes);
    if (!equal_constant_time(crypto::hmac_sha256(key.view(), content), input.last(kMacBytes))) {
        return std::nullopt;
    }
    return content;
}

void write_time(wire::Writer& writer, UnixMs at) {
    CHATMCP_CHECK(at.value >= 0);
    writer.u64(static_cast<std::uint64_t>(at.value));
}

}  // namespace

Admission::Admission(const Context& context)
    : context_(context),
      challenge_key_(derive(context.key, "challenge")),
      token_key_(derive(context.key, "token")) {}

std::unexpected<Error> Admission::refuse(Errc code, const char* check, const Peer& peer) const {
    static_cast<void>(context_.limiter.take(RateLimiter::Kind::refusal_source,
                                            context_.options.limits.refusals_per_source,
                                            peer.source,
                                            {},
                                            context_.clock.now()));
    return fail(code, check);
}

Result<void> Admission::check_refusals(const Peer& peer) const {
    if (!context_.limiter.has(RateLimiter::Kind::refusal_source,
                              context_.options.limits.refusals_per_source,
                              peer.source,
                              {},
                              context_.clock.now())) {
        return fail(Errc::rate_limited, "RLY-04");
    }
    return {};
}

Bytes Admission::new_challenge() const {
    wire::Writer writer;
    write_time(writer, context_.clock.now());
    writer.fixed(context_.random.array<kChallengeNonceBytes>());
    return with_mac(challenge_key_, writer.take());
}

Result<void> Admission::check_relay(const wire::Ed25519Key& relay_key, const Peer& peer) const {
    if (relay_key != context_.key.public_key()) {
        return refuse(Errc::wrong_key, "RLY-01", peer);
    }
    return {};
}

Result<void> Admission::check_challenge(ByteView challenge, const Peer& peer) const {
    const auto content = without_mac(challenge_key_, challenge, kChallengeBytes);
    if (!content.has_value()) {
        return refuse(Errc::unauthenticated, "RLY-02", peer);
    }
    wire::Reader reader(*content);
    CHATMCP_TRY(const std::uint64_t issued_at, reader.u64());
    const std::int64_t age_ms = context_.clock.now().value - static_cast<std::int64_t>(issued_at);
    if (age_ms < 0 || age_ms >= wire::kChallengeLifetimeMs) {
        return fail(Errc::unauthenticated, "RLY-03");
    }
    return {};
}

Result<void> Admission::check_admission(const wire::AdmissionContent& content,
                                        const wire::Ed25519Key& admission_key,
                                        const wire::Ed25519Signature& signature,
                                        const Peer& peer) const {
    CHATMCP_TRY_VOID(check_refusals(peer));
    if (!wire::verify(admission_key, content, signature).has_value()) {
        return refuse(Errc::permission_denied, "RLY-05", peer);
    }
    return {};
}

Result<wire::Login::Reply> Admission::log_in(const wire::Login& request, const Peer& peer) const {
    CHATMCP_TRY_VOID(check_refusals(peer));
    const UnixMs now = context_.clock.now();
    if (!context_.limiter.take(RateLimiter::Kind::login_source,
                               context_.options.limits.logins_per_source,
                               peer.source,
                               {},
                               now)) {
        return fail(Errc::rate_limited, "RLY-19");
    }
    CHATMCP_TRY_VOID(check_relay(request.relay_key, peer));
    CHATMCP_TRY_VOID(check_challenge(request.challenge, peer));
    // Signed for another connection: somebody in the middle passes the login on.
    if (peer.channel.empty() || !equal(request.channel, peer.channel)) {
        return refuse(Errc::unauthenticated, "RLY-17", peer);
    }
    if (!wire::verify(request.root_key, request, request.signature).has_value()) {
        return refuse(Errc::unauthenticated, "RLY-18", peer);
    }
    const UnixMs expires_at = now.plus_ms(kTokenLifetimeMs);
    wire::Writer writer;
    writer.u8(kTokenVersion);
    writer.fixed(request.root_key);
    write_time(writer, expires_at);
    return wire::Login::Reply{.token = with_mac(token_key_, writer.take()),
                              .expires_at = expires_at};
}

Result<LoggedIn> Admission::check_token(ByteView token, const Peer& peer) const {
    const auto content = without_mac(token_key_, token, kTokenBytes);
    if (!content.has_value() || content->front() != kTokenVersion) {
        return refuse(Errc::unauthenticated, "RLY-20", peer);
    }
    wire::Reader reader(content->subspan(1));
    LoggedIn out;
    CHATMCP_TRY(out.root_key_, reader.array<32>());
    CHATMCP_TRY(const std::uint64_t expires_at, reader.u64());
    out.expires_at_ = UnixMs{static_cast<std::int64_t>(expires_at)};
    if (context_.clock.now() >= out.expires_at_) {
        return fail(Errc::unauthenticated, "RLY-21");
    }
    out.inbox_ = identity::inbox_id(out.root_key_);
    return out;
}

}  // namespace chatmcp::relay
