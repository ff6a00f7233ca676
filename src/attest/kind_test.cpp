#include "attest/kind.h"

#include <gtest/gtest.h>

namespace chatmcp::attest {
namespace {

TEST(Kind, AMediaTypeThatNoKindHasIsRefused) {
    EXPECT_EQ(kind_of_media_type("application/vnd.chatmcp.simulated-quote").value(),
              Kind::simulated);
    for (const char* type : {"",
                             "application/vnd.chatmcp.simulated-quot",
                             "text/plain",
                             "application/vnd.chatmcp.SIMULATED-quote"}) {
        const auto kind = kind_of_media_type(type);
        ASSERT_FALSE(kind.has_value());
        EXPECT_EQ(kind.error(), (Error{Errc::unsupported, "ATT-10"}));
    }
}

TEST(Kind, ASimulatedQuoteIsNeverConfidential) {
    EXPECT_EQ(class_of(Kind::simulated), Class::simulated);
    EXPECT_EQ(kind_name(Kind::simulated), "simulated");
    EXPECT_EQ(class_name(Class::simulated), "simulated");
    EXPECT_EQ(class_of(Kind::sgx), Class::confidential);
    EXPECT_EQ(class_of(Kind::tdx), Class::confidential);
    EXPECT_EQ(kind_name(Kind::sgx), "sgx");
    EXPECT_EQ(kind_name(Kind::tdx), "tdx");
    EXPECT_EQ(class_name(Class::confidential), "confidential");
    EXPECT_EQ(class_name(Class::key_protection), "key-protection");
}

}  // namespace
}  // namespace chatmcp::attest
