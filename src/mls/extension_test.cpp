#include "mls/extension.h"

#include <gtest/gtest.h>

#include "wire/tls.h"

namespace chatmcp::mls {
namespace {

Bytes with_another_byte(Bytes data) {
    data.push_back(0);
    return data;
}

const char* refusal_of(ExtensionType type, Bytes data) {
    Extensions extensions;
    set_extension(extensions, type, std::move(data));
    const auto checked = check_known_extensions(extensions);
    return checked.has_value() ? "accepted" : checked.error().check;
}

TEST(Extension, BytesAfterWhatAKnownExtensionHoldsAreRefused) {
    wire::Writer text;
    text.vector(as_bytes("application"));
    const ExternalSender sender{Bytes(32, 1), Credential{1, Bytes{7}}};
    const std::vector<std::pair<ExtensionType, Bytes>> known = {
        {ExtensionType::application_id, text.take()},
        {ExtensionType::app_data_dictionary, encode_dictionary({{0x8001, {1}}})},
        {ExtensionType::required_capabilities, wire::encode(RequiredCapabilities{})},
        {ExtensionType::external_senders, encode_external_senders({sender})}};
    for (const auto& [type, data] : known) {
        SCOPED_TRACE(static_cast<int>(type));
        EXPECT_STREQ(refusal_of(type, data), "accepted");
        EXPECT_STREQ(refusal_of(type, with_another_byte(data)), "WIRE-05");
    }
    const Bytes external_pub = encode_external_pub(Bytes(32, 3));
    EXPECT_TRUE(decode_external_pub(external_pub).has_value());
    const auto longer = decode_external_pub(with_another_byte(external_pub));
    ASSERT_FALSE(longer.has_value());
    EXPECT_STREQ(longer.error().check, "WIRE-05");
}

}  // namespace
}  // namespace chatmcp::mls
