#include "crypto/kem.h"

#include <openssl/curve25519.h>

#include "base/check.h"
#include "crypto/aws_lc.h"

namespace chatmcp::crypto {

ByteArray<kX25519Bytes> x25519_public_key(ByteView private_key) {
    CHATMCP_CHECK(private_key.size() == kX25519Bytes);
    ByteArray<kX25519Bytes> public_key;
    X25519_public_from_private(public_key.data(), private_key.data());
    return public_key;
}

Result<SecretBytes> x25519(ByteView private_key, ByteView public_key) {
    CHATMCP_CHECK(private_key.size() == kX25519Bytes && public_key.size() == kX25519Bytes);
    SecretBytes shared(kX25519Bytes);
    if (X25519(shared.mutable_view().data(), private_key.data(), public_key.data()) != 1) {
        forget_errors();
        return fail(Errc::malformed, "CRY-08");
    }
    return shared;
}

}  // namespace chatmcp::crypto
