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

TEST(Kind, EachHasANameAndAMediaTypeOfItsOwn) {
    for (const Kind kind : all_kinds()) {
        EXPECT_EQ(kind_named(kind_name(kind)).value(), kind);
        EXPECT_EQ(kind_of_media_type(media_type_of(kind)).value(), kind);
    }
    EXPECT_EQ(all_kinds().size(), 11U);
    EXPECT_EQ(kind_named("").error(), (Error{Errc::unsupported, "ATT-10"}));
}

TEST(Kind, OnlyWholeMachinesOfHardwareAreConfidential) {
    for (const Kind kind : all_kinds()) {
        const bool confidential = kind == Kind::sgx || kind == Kind::tdx || kind == Kind::sev_snp ||
                                  kind == Kind::nitro || kind == Kind::cca ||
                                  kind == Kind::azure_vtpm;
        EXPECT_EQ(class_of(kind) == Class::confidential, confidential) << kind_name(kind);
    }
    EXPECT_EQ(class_of(Kind::simulated), Class::simulated);
    EXPECT_EQ(class_of(Kind::nvidia_gpu), Class::device);
    EXPECT_EQ(class_name(Class::simulated), "simulated");
    EXPECT_EQ(class_name(Class::confidential), "confidential");
    EXPECT_EQ(class_name(Class::key_protection), "key-protection");
    EXPECT_EQ(class_name(Class::device), "device");
}

}  // namespace
}  // namespace chatmcp::attest
