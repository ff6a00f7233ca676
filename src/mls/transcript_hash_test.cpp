#include "mls/transcript_hash.h"

#include <gtest/gtest.h>

#include "mls/key_schedule.h"
#include "support/json_vectors.h"

namespace chatmcp::mls {
namespace {

using nlohmann::json;
using testing::hex_of;

TEST(TranscriptHash, EveryVectorGivesBothHashesAndItsConfirmationTag) {
    const json vectors = testing::load_json("mls/transcript-hashes.json");
    ASSERT_EQ(vectors.size(), 5u);
    for (const json& vector : vectors) {
        const auto suite = *cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        const auto content =
            wire::decode<AuthenticatedContent>(hex_of(vector["authenticated_content"]));
        ASSERT_TRUE(content.has_value());
        const Hash confirmed = confirmed_transcript_hash(
            suite, hex_of(vector["interim_transcript_hash_before"]), *content);
        EXPECT_EQ(confirmed.to_bytes(), hex_of(vector["confirmed_transcript_hash_after"]));
        const Hash tag =
            confirmation_tag(suite, hex_of(vector["confirmation_key"]), confirmed.view());
        EXPECT_EQ(tag.to_bytes(), content->auth.confirmation_tag);
        EXPECT_EQ(interim_transcript_hash(suite, confirmed.view(), tag.view()).to_bytes(),
                  hex_of(vector["interim_transcript_hash_after"]));
    }
}

}  // namespace
}  // namespace chatmcp::mls
