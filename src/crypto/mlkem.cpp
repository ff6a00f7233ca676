#include "crypto/mlkem.h"

#include <openssl/evp.h>
#include <openssl/experimental/kem_deterministic_api.h>
#include <openssl/mem.h>
#include <openssl/nid.h>

#include "base/check.h"
#include "crypto/aws_lc.h"

namespace chatmcp::crypto {
namespace {

bssl::UniquePtr<EVP_PKEY> expand_key(ByteView seed) {
    CHATMCP_CHECK(seed.size() == kMlKem768SeedBytes);
    const bssl::UniquePtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_id(EVP_PKEY_KEM, nullptr));
    CHATMCP_CHECK(context != nullptr);
    CHATMCP_CHECK(EVP_PKEY_CTX_kem_set_params(context.get(), NID_MLKEM768) == 1);
    CHATMCP_CHECK(EVP_PKEY_keygen_init(context.get()) == 1);
    EVP_PKEY* key = nullptr;
    std::size_t size = seed.size();
    CHATMCP_CHECK(EVP_PKEY_keygen_deterministic(context.get(), &key, seed.data(), &size) == 1);
    return bssl::UniquePtr<EVP_PKEY>(key);
}

bssl::UniquePtr<EVP_PKEY_CTX> context_of(EVP_PKEY* key) {
    bssl::UniquePtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key, nullptr));
    CHATMCP_CHECK(context != nullptr);
    return context;
}

}  // namespace

Bytes mlkem768_public_key(ByteView seed) {
    const auto key = expand_key(seed);
    Bytes public_key(kMlKem768PublicBytes);
    std::size_t size = public_key.size();
    CHATMCP_CHECK(EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size) == 1 &&
                  size == public_key.size());
    return public_key;
}

Result<MlKemEncapsulation> mlkem768_encapsulate(ByteView public_key, ByteView randomness) {
    CHATMCP_CHECK(randomness.size() == kMlKem768EncapsulationBytes);
    if (public_key.size() != kMlKem768PublicBytes) {
        return fail(Errc::malformed, "CRY-07");
    }
    const bssl::UniquePtr<EVP_PKEY> key(
        EVP_PKEY_kem_new_raw_public_key(NID_MLKEM768, public_key.data(), public_key.size()));
    CHATMCP_CHECK(key != nullptr);
    MlKemEncapsulation made{Bytes(kMlKem768CiphertextBytes), SecretBytes(kMlKem768SharedBytes)};
    std::size_t ciphertext_size = made.ciphertext.size();
    std::size_t shared_size = made.shared_secret.size();
    std::size_t randomness_size = randomness.size();
    if (EVP_PKEY_encapsulate_deterministic(context_of(key.get()).get(),
                                           made.ciphertext.data(),
                                           &ciphertext_size,
                                           made.shared_secret.mutable_view().data(),
                                           &shared_size,
                                           randomness.data(),
                                           &randomness_size) != 1) {
        forget_errors();
        return fail(Errc::malformed, "CRY-20");
    }
    CHATMCP_CHECK(ciphertext_size == made.ciphertext.size());
    CHATMCP_CHECK(shared_size == made.shared_secret.size());
    return made;
}

Result<SecretBytes> mlkem768_decapsulate(ByteView seed, ByteView ciphertext) {
    const auto key = expand_key(seed);
    if (ciphertext.size() != kMlKem768CiphertextBytes) {
        return fail(Errc::malformed, "CRY-07");
    }
    SecretBytes shared_secret(kMlKem768SharedBytes);
    std::size_t size = shared_secret.size();
    // The size is right and the key is our own: there is nothing left that could fail.
    CHATMCP_CHECK(EVP_PKEY_decapsulate(context_of(key.get()).get(),
                                       shared_secret.mutable_view().data(),
                                       &size,
                                       ciphertext.data(),
                                       ciphertext.size()) == 1);
    return shared_secret;
}

}  // namespace chatmcp::crypto
