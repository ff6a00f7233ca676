#include "client/sealed_store.h"

#include <algorithm>

#include "base/check.h"
#include "wire/tls.h"

namespace chatmcp::client {
namespace {

constexpr std::uint16_t kHeaderVersion = 1;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSaltBytes = 32;
constexpr std::size_t kCheckBytes = 8;
constexpr std::size_t kHiddenNameBytes = 16;
constexpr std::uint8_t kSealedRow = 0x01;
constexpr auto kAead = crypto::AeadId::chacha20_poly1305;

Bytes header_name() {
    return concat({Bytes{0x00}, as_bytes("home")});
}

struct Header {
    crypto::ScryptParameters parameters;
    ByteArray<kSaltBytes> salt{};
    ByteArray<crypto::kAeadNonceBytes> nonce{};
    Bytes sealed;

    // What comes before the sealed secret, and is bound to it.
    [[nodiscard]] Bytes head() const {
        wire::Writer writer;
        writer.u16(kHeaderVersion);
        writer.u64(parameters.n);
        writer.u32(parameters.r);
        writer.u32(parameters.p);
        writer.fixed(salt);
        writer.fixed(nonce);
        return writer.take();
    }
    [[nodiscard]] Bytes encode() const {
        Bytes out = concat({head(), sealed});
        const auto digest = crypto::sha256(out);
        append(out, ByteView(digest).first(kCheckBytes));
        return out;
    }
};

Result<Header> read_header(wire::Reader& reader) {
    Header header;
    CHATMCP_TRY(header.parameters.n, reader.u64());
    CHATMCP_TRY(header.parameters.r, reader.u32());
    CHATMCP_TRY(header.parameters.p, reader.u32());
    CHATMCP_TRY(header.salt, reader.array<kSaltBytes>());
    CHATMCP_TRY(header.nonce, reader.array<crypto::kAeadNonceBytes>());
    CHATMCP_TRY(const ByteView sealed, reader.fixed(kSecretBytes + crypto::kAeadTagBytes));
    header.sealed = to_bytes(sealed);
    CHATMCP_TRY_VOID(reader.finish());
    return header;
}

Result<Header> decode_header(ByteView bytes) {
    if (bytes.size() < 2 + kCheckBytes) {
        return fail(Errc::storage_corrupt, "CLT-04");
    }
    const ByteView body = bytes.first(bytes.size() - kCheckBytes);
    const auto digest = crypto::sha256(body);
    if (!equal(ByteView(digest).first(kCheckBytes), bytes.last(kCheckBytes))) {
        return fail(Errc::storage_corrupt, "CLT-04");
    }
    wire::Reader reader(body);
    CHATMCP_TRY(const std::uint16_t version, reader.u16());
    if (version != kHeaderVersion) {
        return fail(Errc::unsupported_version, "CLT-05");
    }
    auto header = read_header(reader);
    if (!header.has_value()) {
        return fail(Errc::storage_corrupt, "CLT-04");
    }
    return header;
}

// Bytes of a table and its id. Groups of mls (mls/storage.h) have the id's length in front of it.
std::size_t table_and_id_bytes(ByteView key) {
    const auto slash = std::find(key.begin(), key.end(), std::uint8_t{'/'});
    const auto table = static_cast<std::size_t>(slash - key.begin()) + 1;
    const bool group = as_text(key).starts_with("mls/");
    return table + SealedTransaction::kIdBytes + (group ? 1 : 0);
}

}  // namespace

HomeKey::HomeKey(ByteView secret)
    : values_(kAead,
              crypto::hkdf_expand(crypto::HashId::sha256,
                                  secret,
                                  as_bytes("chatmcp home values"),
                                  crypto::aead_key_bytes(kAead))
                  .view()),
      names_(crypto::hkdf_expand(
          crypto::HashId::sha256, secret, as_bytes("chatmcp home names"), crypto::kSha256Bytes)) {}

Result<HomeKey> HomeKey::create(Transaction& home,
                                ByteView passphrase,
                                const crypto::ScryptParameters& parameters,
                                crypto::Random& random) {
    CHATMCP_TRY(const auto present, home.get(header_name()));
    if (present.has_value()) {
        return fail(Errc::already_exists, "CLT-01");
    }
    Header header;
    header.parameters = parameters;
    header.salt = random.array<kSaltBytes>();
    header.nonce = random.array<crypto::kAeadNonceBytes>();
    const SecretBytes secret = random.secret(kSecretBytes);
    const auto wrapping =
        crypto::scrypt(passphrase, header.salt, parameters, crypto::aead_key_bytes(kAead));
    if (!wrapping.has_value()) {
        return fail(Errc::invalid_argument, "CLT-06");
    }
    header.sealed =
        crypto::Aead(kAead, wrapping->view()).seal(header.nonce, header.head(), secret.view());
    CHATMCP_TRY_VOID(home.put(header_name(), header.encode()));
    return HomeKey(secret.view());
}

Result<HomeKey> HomeKey::open(Transaction& home, ByteView passphrase) {
    CHATMCP_TRY(const auto stored, home.get(header_name()));
    if (!stored.has_value()) {
        return fail(Errc::not_found, "CLT-02");
    }
    CHATMCP_TRY(const Header header, decode_header(*stored));
    const auto wrapping =
        crypto::scrypt(passphrase, header.salt, header.parameters, crypto::aead_key_bytes(kAead));
    if (!wrapping.has_value()) {
        return fail(Errc::invalid_argument, "CLT-06");
    }
    const auto secret = crypto::Aead(kAead, wrapping->view())
                            .open_secret(header.nonce, header.head(), header.sealed);
    if (!secret.has_value()) {
        return fail(Errc::wrong_passphrase, "CLT-03");
    }
    return HomeKey(secret->view());
}

Bytes SealedTransaction::stored_name(ByteView key) const {
    const std::size_t hidden = std::min(key.size(), table_and_id_bytes(key));
    const auto mac = crypto::hmac_sha256(key_.names_.view(), key.first(hidden));
    return concat({Bytes{kSealedRow}, ByteView(mac).first(kHiddenNameBytes), key.subspan(hidden)});
}

Result<KeyValuePair> SealedTransaction::open(ByteView name, ByteView sealed) const {
    if (sealed.size() < crypto::kAeadNonceBytes) {
        return fail(Errc::storage_corrupt, "CLT-07");
    }
    auto plaintext = key_.values_.open(
        sealed.first(crypto::kAeadNonceBytes), name, sealed.subspan(crypto::kAeadNonceBytes));
    if (!plaintext.has_value()) {
        return fail(Errc::storage_corrupt, "CLT-07");
    }
    wire::Reader reader(*plaintext);
    const auto key = reader.vector(kKeyMaxBytes);
    if (!key.has_value()) {
        return fail(Errc::storage_corrupt, "CLT-07");
    }
    KeyValuePair pair{to_bytes(*key), to_bytes(ByteView(*plaintext).subspan(reader.position()))};
    wipe(*plaintext);
    return pair;
}

Result<std::optional<Bytes>> SealedTransaction::get(ByteView key) {
    const Bytes name = stored_name(key);
    CHATMCP_TRY(const auto sealed, below_.get(name));
    if (!sealed.has_value()) {
        return std::optional<Bytes>();
    }
    CHATMCP_TRY(KeyValuePair pair, open(name, *sealed));
    return std::optional<Bytes>(std::move(pair.value));
}

Result<std::vector<KeyValuePair>> SealedTransaction::scan(ByteView prefix,
                                                          ByteView after,
                                                          std::size_t limit) {
    CHATMCP_CHECK(prefix.size() >= table_and_id_bytes(prefix));
    const Bytes below_after = after.empty() ? Bytes() : stored_name(after);
    CHATMCP_TRY(const auto rows, below_.scan(stored_name(prefix), below_after, limit));
    std::vector<KeyValuePair> out;
    out.reserve(rows.size());
    for (const KeyValuePair& row : rows) {
        CHATMCP_TRY(KeyValuePair pair, open(row.key, row.value));
        out.push_back(std::move(pair));
    }
    return out;
}

Result<void> SealedTransaction::put(ByteView key, ByteView value) {
    const Bytes name = stored_name(key);
    const auto nonce = random_.array<crypto::kAeadNonceBytes>();
    wire::Writer plaintext;
    plaintext.reserve(key.size() + value.size() + 4);
    plaintext.vector(key);
    plaintext.fixed(value);
    Bytes opened = plaintext.take();
    const Bytes sealed = key_.values_.seal(nonce, name, opened);
    wipe(opened);
    wrote_ = true;
    return below_.put(name, concat({nonce, sealed}));
}

Result<void> SealedTransaction::erase(ByteView key) {
    wrote_ = true;
    return below_.erase(stored_name(key));
}

}  // namespace chatmcp::client
