#include "crypto/ed25519_point.h"

#include <algorithm>

#include <openssl/bn.h>

#include "base/check.h"

namespace chatmcp::crypto {
namespace {

constexpr std::size_t kPointBytes = 32;

// RFC 8032 section 5.1: p = 2^255 - 19, and d of the curve -x^2 + y^2 = 1 + d x^2 y^2. Big-endian.
constexpr ByteArray<kPointBytes> kPrime = {
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xed};
constexpr ByteArray<kPointBytes> kD = {
    0x52, 0x03, 0x6c, 0xee, 0x2b, 0x6f, 0xfe, 0x73, 0x8c, 0xc7, 0x40, 0x79, 0x77, 0x79, 0xe8, 0x98,
    0x00, 0x70, 0x0a, 0x4d, 0x41, 0x41, 0xd8, 0xab, 0x75, 0xeb, 0x4d, 0xca, 0x13, 0x59, 0x78, 0xa3};

using Number = bssl::UniquePtr<BIGNUM>;

Number number_of(const ByteArray<kPointBytes>& big_endian) {
    Number out(BN_bin2bn(big_endian.data(), big_endian.size(), nullptr));
    CHATMCP_CHECK(out != nullptr);
    return out;
}

Number y_of(ByteView encoded) {
    ByteArray<kPointBytes> bytes = to_array<kPointBytes>(encoded);
    bytes.back() &= 0x7f;
    std::reverse(bytes.begin(), bytes.end());
    return number_of(bytes);
}

}  // namespace

bool is_ed25519_point(ByteView encoded) {
    CHATMCP_CHECK(encoded.size() == kPointBytes);
    const bssl::UniquePtr<BN_CTX> context(BN_CTX_new());
    const Number prime = number_of(kPrime);
    const Number d = number_of(kD);
    const Number y = y_of(encoded);
    const Number u(BN_new());
    const Number v(BN_new());
    const Number half(BN_new());
    BN_CTX* scratch = context.get();
    const BIGNUM* p = prime.get();
    // x^2 = u / v with u = y^2 - 1 and v = d y^2 + 1, which is never 0. Euler's criterion: u / v,
    // and so u v, is a square if its power (p - 1) / 2 is 1, or if it is 0.
    CHATMCP_CHECK(scratch != nullptr && u != nullptr && v != nullptr && half != nullptr);
    CHATMCP_CHECK(
        BN_mod_sqr(u.get(), y.get(), p, scratch) == 1 &&
        BN_mod_mul(v.get(), u.get(), d.get(), p, scratch) == 1 && BN_add_word(v.get(), 1) == 1 &&
        BN_mod_sub(u.get(), u.get(), BN_value_one(), p, scratch) == 1 &&
        BN_mod_mul(u.get(), u.get(), v.get(), p, scratch) == 1 && BN_rshift1(half.get(), p) == 1 &&
        BN_mod_exp_mont(v.get(), u.get(), half.get(), p, scratch, nullptr) == 1);
    return BN_is_zero(u.get()) != 0 || BN_is_one(v.get()) != 0;
}

}  // namespace chatmcp::crypto
