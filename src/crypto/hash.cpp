#include "crypto/hash.h"

#include <algorithm>
#include <new>
#include <type_traits>

#include <openssl/sha.h>

#include "base/check.h"
#include "crypto/aws_lc.h"

namespace chatmcp::crypto {
namespace {

SHA256_CTX* context_of(ByteArray<112>& state) {
    return std::launder(reinterpret_cast<SHA256_CTX*>(state.data()));  // NOLINT(*-reinterpret-cast)
}

}  // namespace

static_assert(sizeof(SHA256_CTX) == 112 && alignof(SHA256_CTX) <= 8);
static_assert(std::is_trivially_copyable_v<SHA256_CTX>, "so a copied Sha256 is a copied state");

Sha256Digest sha256(ByteView data) {
    Sha256Digest digest;
    SHA256(pointer_of(data), data.size(), digest.data());
    return digest;
}

Sha256Digest sha256(std::initializer_list<ByteView> parts) {
    Sha256 hash;
    for (const ByteView part : parts) {
        hash.update(part);
    }
    return hash.finish();
}

Sha512Digest sha512(ByteView data) {
    Sha512Digest digest;
    SHA512(pointer_of(data), data.size(), digest.data());
    return digest;
}

Sha512Digest sha512(std::initializer_list<ByteView> parts) {
    SHA512_CTX context;
    CHATMCP_CHECK(SHA512_Init(&context) == 1);
    for (const ByteView part : parts) {
        CHATMCP_CHECK(SHA512_Update(&context, pointer_of(part), part.size()) == 1);
    }
    Sha512Digest digest;
    CHATMCP_CHECK(SHA512_Final(digest.data(), &context) == 1);
    return digest;
}

namespace {

// SHA-384 is SHA-512 with another start, cut off (FIPS 180-4 section 6.5).
ByteArray<kSha384Bytes> sha384(std::initializer_list<ByteView> parts) {
    SHA512_CTX context;
    CHATMCP_CHECK(SHA384_Init(&context) == 1);
    for (const ByteView part : parts) {
        CHATMCP_CHECK(SHA384_Update(&context, pointer_of(part), part.size()) == 1);
    }
    ByteArray<kSha384Bytes> digest;
    CHATMCP_CHECK(SHA384_Final(digest.data(), &context) == 1);
    return digest;
}

}  // namespace

ByteArray<kSha1Bytes> sha1(std::initializer_list<ByteView> parts) {
    SHA_CTX context;
    CHATMCP_CHECK(SHA1_Init(&context) == 1);
    for (const ByteView part : parts) {
        CHATMCP_CHECK(SHA1_Update(&context, pointer_of(part), part.size()) == 1);
    }
    ByteArray<kSha1Bytes> digest;
    CHATMCP_CHECK(SHA1_Final(digest.data(), &context) == 1);
    return digest;
}

std::size_t hash_bytes(HashId id) {
    switch (id) {
        case HashId::sha256:
            return kSha256Bytes;
        case HashId::sha384:
            return kSha384Bytes;
        case HashId::sha512:
            return kSha512Bytes;
    }
    return 0;
}

Digest::Digest(ByteView bytes) : size_(static_cast<std::uint8_t>(bytes.size())) {
    CHATMCP_CHECK(bytes.size() <= kMaxBytes);
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
}

Digest hash(HashId id, ByteView data) {
    return id == HashId::sha256 ? Digest(sha256(data)) : hash(id, {data});
}

Digest hash(HashId id, std::initializer_list<ByteView> parts) {
    switch (id) {
        case HashId::sha256:
            return Digest(sha256(parts));
        case HashId::sha384:
            return Digest(sha384(parts));
        case HashId::sha512:
            return Digest(sha512(parts));
    }
    return {};
}

Sha256::Sha256() : state_{} {
    CHATMCP_CHECK(SHA256_Init(new (state_.data()) SHA256_CTX) == 1);
}

void Sha256::update(ByteView data) {
    CHATMCP_CHECK(SHA256_Update(context_of(state_), pointer_of(data), data.size()) == 1);
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest;
    CHATMCP_CHECK(SHA256_Final(digest.data(), context_of(state_)) == 1);
    return digest;
}

}  // namespace chatmcp::crypto
