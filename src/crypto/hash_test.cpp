#include "crypto/hash.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace chatmcp::crypto {
namespace {

// The examples of FIPS 180-4 that NIST publishes: "abc", and 448 bits.
constexpr std::string_view kTwoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

TEST(Hash, Sha256GivesThePublishedDigests) {
    EXPECT_EQ(to_hex(sha256(ByteView{})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256(as_bytes(kTwoBlocks))),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Hash, Sha512GivesThePublishedDigests) {
    EXPECT_EQ(to_hex(sha512(as_bytes("abc"))),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    EXPECT_EQ(to_hex(sha512(ByteView{})),
              "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
              "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
}

TEST(Hash, Sha1GivesThePublishedDigests) {
    EXPECT_EQ(to_hex(sha1({as_bytes("a"), as_bytes("bc")})),
              "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(to_hex(sha1({as_bytes(kTwoBlocks)})), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST(Hash, PartsHashLikeTheirConcatenation) {
    EXPECT_EQ(sha256({as_bytes("a"), {}, as_bytes("bc")}), sha256(as_bytes("abc")));
    EXPECT_EQ(sha512({as_bytes("a"), {}, as_bytes("bc")}), sha512(as_bytes("abc")));
    EXPECT_EQ(sha256(std::initializer_list<ByteView>{}), sha256(ByteView{}));
}

TEST(Hash, PiecesOfEverySizeHashLikeTheWhole) {
    Bytes data(1000);
    for (std::size_t i = 0; i < data.size(); ++i) {
        data[i] = static_cast<std::uint8_t>(i * 31);
    }
    for (std::size_t piece = 1; piece < 200; piece += 13) {
        Sha256 hash;
        for (std::size_t from = 0; from < data.size(); from += piece) {
            hash.update(ByteView(data).subspan(from, std::min(piece, data.size() - from)));
        }
        EXPECT_EQ(hash.finish(), sha256(data));
    }
}

TEST(Hash, ACopiedStateGoesItsOwnWay) {
    Sha256 one;
    one.update(as_bytes("a"));
    Sha256 two = one;
    one.update(as_bytes("bc"));
    two.update(as_bytes("x"));
    EXPECT_EQ(one.finish(), sha256(as_bytes("abc")));
    EXPECT_EQ(two.finish(), sha256(as_bytes("ax")));
}

}  // namespace
}  // namespace chatmcp::crypto
