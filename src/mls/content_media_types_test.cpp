#include "mls/content_media_types.h"

#include "base/encoding.h"
#include "support/mls_trio.h"

namespace chatmcp::mls {
namespace {

const auto kMediaTypes = static_cast<std::uint16_t>(DraftComponent::content_media_types);
const MediaType kPlain{"text/plain", {{"charset", "UTF-8"}}};
const MediaType kJson{"application/json"};
const MediaType kPng{"image/png"};

Component media_types(const std::vector<MediaType>& types) {
    return {kMediaTypes, encode_media_types(types)};
}

TEST(MediaTypes, AreWrittenAsTheDraftSays) {
    wire::Writer writer;
    kPlain.write(writer);
    // "text/plain", one parameter "charset" of "UTF-8".
    EXPECT_EQ(to_hex(writer.view()),
              "0a746578742f706c61696e"
              "0e"
              "0763686172736574"
              "055554462d38");
    const auto list = decode_media_types(encode_media_types({kPlain, kJson}));
    ASSERT_TRUE(list.has_value());
    ASSERT_EQ(list->size(), 2u);
    EXPECT_TRUE(same_media_type((*list)[0], kPlain));
    EXPECT_TRUE(same_media_type((*list)[1], kJson));
}

TEST(MediaTypes, WithoutATypeOrWithAnotherShapeAreRefused) {
    const auto refusal = [](const std::vector<MediaType>& types) {
        const auto list = decode_media_types(encode_media_types(types));
        return std::string(list.has_value() ? "accepted" : list.error().check);
    };
    EXPECT_EQ(refusal({}), "EXT-07");
    EXPECT_EQ(refusal({kPlain, {""}}), "EXT-07");
    for (const char* text :
         {"text", "text/", "/plain", "text/plain/x", "text /plain", "t\xc3\xa4/p"}) {
        EXPECT_EQ(refusal({{text}}), "EXT-07") << text;
    }
    EXPECT_EQ(refusal({{"", {{"charset", "UTF-8"}}}}), "EXT-07");
    MediaType many{"a/b"};
    many.parameters.resize(kMediaTypeParametersMax);
    EXPECT_EQ(refusal({many}), "accepted");
    many.parameters.emplace_back();
    EXPECT_EQ(refusal({many}), "EXT-08");
    EXPECT_EQ(refusal(std::vector<MediaType>(kMediaTypesMax, kJson)), "accepted");
    EXPECT_EQ(refusal(std::vector<MediaType>(kMediaTypesMax + 1, kJson)), "EXT-08");
    EXPECT_EQ(refusal({{"a/" + std::string(kMediaTypeMaxBytes, 'b')}}), "WIRE-03");
}

TEST(MediaTypes, AreTheSameWithoutRegardToCaseAndOrder) {
    EXPECT_TRUE(same_media_type({"Text/PLAIN", {{"a", "1"}, {"B", "2"}}},
                                {"text/plain", {{"b", "2"}, {"A", "1"}}}));
    EXPECT_FALSE(same_media_type({"text/plain", {{"a", "x"}}}, {"text/plain", {{"a", "X"}}}));
    EXPECT_FALSE(same_media_type(kPlain, {"text/plain"}));
}

class FramedContentGroup : public testing::MlsTrio {
  protected:
    void SetUp() override {
        found({media_types({kPlain, kJson})}, {media_types({kPng, kJson, kPlain})});
    }
    static Result<Bytes> send(testing::MlsMember& member, const ApplicationFraming& content) {
        return member.step(
            [&](Transaction& t) { return member.group->encrypt_content(t, content, {}, 100); });
    }
};

TEST_F(FramedContentGroup, ContentArrivesWithItsType) {
    const auto named = bob.receive(*send(alice, {kPng, {1, 2, 3}}));
    ASSERT_TRUE(named.has_value()) << named.error().check;
    const auto& image = std::get<ApplicationMessage>(*named);
    EXPECT_EQ(image.data, (Bytes{1, 2, 3}));
    EXPECT_TRUE(same_media_type(*image.media_type, kPng));
    // No type: the first that the group lists.
    const auto unnamed = bob.receive(*send(alice, {{}, {4}}));
    ASSERT_TRUE(unnamed.has_value()) << unnamed.error().check;
    EXPECT_TRUE(same_media_type(*std::get<ApplicationMessage>(*unnamed).media_type, kPlain));
}

TEST_F(FramedContentGroup, ContentWithoutAFrameIsRefusedOnBothSides) {
    EXPECT_EQ(refusal(alice.encrypt("no frame")), "EXT-10");
    for (const Bytes& data :
         {Bytes{}, Bytes{0}, to_bytes(as_bytes("no frame")), Bytes{0, 0, 0, 9}}) {
        const Bytes hostile = send_anything(alice, data, {});
        testing::MemoryTransaction transaction(bob.store);
        EXPECT_EQ(refusal(bob.group->receive(transaction, hostile, bob.arrival)), "EXT-10");
        EXPECT_FALSE(transaction.changed_anything());
    }
    EXPECT_TRUE(bob.receive(*send(alice, {kJson, {}})).has_value());
}

TEST_F(FramedContentGroup, EndsWithItsComponentAndLateMessagesKeepTheirFrames) {
    const Bytes late = *send(alice, {{}, {4}});
    next_epoch(Plan{.components = std::vector<Component>{}});
    EXPECT_EQ(refusal(send(alice, {kJson, {}})), "EXT-11");
    const auto received = bob.receive(late);
    ASSERT_TRUE(received.has_value()) << received.error().check;
    EXPECT_TRUE(same_media_type(*std::get<ApplicationMessage>(*received).media_type, kPlain));
    const auto plain = bob.receive(*alice.encrypt("no frame"));
    EXPECT_FALSE(std::get<ApplicationMessage>(*plain).media_type.has_value());
}

TEST_F(FramedContentGroup, NobodyComesInWhoCannotReadIt) {
    testing::MlsMember dave("dave", 4);
    EXPECT_EQ(refusal(alice.stage(Plan{.add = {dave.key_package().key_package}})), "EXT-09");
    dave.leaf_components = {media_types({kPlain, {"application/json", {{"v", "2"}}}})};
    EXPECT_EQ(refusal(alice.stage(Plan{.add = {dave.key_package().key_package}})), "EXT-09");
    dave.leaf_components = {media_types({kJson, kPlain})};
    EXPECT_TRUE(alice.stage(Plan{.add = {dave.key_package().key_package}}).has_value());
}

}  // namespace
}  // namespace chatmcp::mls
