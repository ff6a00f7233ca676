#include "net/message_codec.h"

#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>

#include "chatmcp/v1/delivery.pb.h"

namespace chatmcp::net {
namespace {

namespace v1 = ::chatmcp::v1;

TEST(MessageCodec, BothCodecsReadBackWhatTheyWrote) {
    v1::ReadInboxRequest message;
    message.set_token("\x01\xff");
    message.set_after(~std::uint64_t{0});
    for (const Codec codec : {Codec::proto, Codec::json}) {
        const auto body = encode_message(codec, message);
        ASSERT_TRUE(body.has_value());
        v1::ReadInboxRequest read;
        ASSERT_TRUE(decode_message(codec, *body, read).has_value());
        EXPECT_EQ(read.SerializeAsString(), message.SerializeAsString());
    }
}

TEST(MessageCodec, UnknownFieldsAreSkipped) {
    v1::AckInboxRequest read;
    ASSERT_TRUE(
        decode_message(Codec::json, as_bytes(R"({"sequence":"3","fromTheFuture":{"a":[1]}})"), read)
            .has_value());
    EXPECT_EQ(read.sequence(), 3u);
    ASSERT_TRUE(decode_message(Codec::proto, Bytes{0x10, 3, 0x78, 1}, read).has_value());
    EXPECT_EQ(read.sequence(), 3u);
}

TEST(MessageCodec, ABodyThatCannotBeReadIsRefused) {
    const std::string deep = std::string(R"({"x":)") + std::string(100'000, '[');
    for (const std::string& json :
         {std::string("{"), std::string("[]"), std::string(R"({"sequence":"x"})"), deep}) {
        v1::AckInboxRequest read;
        const auto decoded = decode_message(Codec::json, as_bytes(json), read);
        ASSERT_FALSE(decoded.has_value()) << json.substr(0, 20);
        EXPECT_STREQ(decoded.error().check, "NET-14");
    }
    v1::AckInboxRequest read;
    EXPECT_STREQ(decode_message(Codec::proto, Bytes{0x0a, 9, 1}, read).error().check, "NET-14");
}

TEST(MessageCodec, AnAnyOfAnUnknownTypeCannotBeWrittenAsJson) {
    google::protobuf::Any any;
    any.set_type_url("type.googleapis.com/nobody.knows.This");
    any.set_value("\x08\x01");
    EXPECT_STREQ(encode_message(Codec::json, any).error().check, "NET-16");
}

}  // namespace
}  // namespace chatmcp::net
