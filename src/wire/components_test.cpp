#include "wire/components.h"

#include <gtest/gtest.h>

#include "support/formats.h"
#include "wire/content_samples.h"

namespace chatmcp::wire {
namespace {

using namespace testing;

template <class T>
void expect_whole_and_canonical(const char* name, const T& value) {
    SCOPED_TRACE(name);
    const Bytes bytes = encode(value);
    const auto decoded = decode<T>(bytes);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(encode(*decoded), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ASSERT_FALSE(decode<T>(ByteView(bytes).first(size)).has_value()) << size;
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_STREQ(decode<T>(longer).error().check, "WIRE-05");
}

TEST(Components, EveryStructureReadsBackAndNoPartOfItDoes) {
    expect_whole_and_canonical("roles", sample_roles());
    expect_whole_and_canonical("sequencer", Sequencer{counting_array(1)});
    expect_whole_and_canonical("development", Development{counting_array(2)});
    expect_whole_and_canonical("companion_of", CompanionOf{counting_array(3)});
    expect_whole_and_canonical("title", sample_title());
    expect_whole_and_canonical("handshakes", Handshakes{});
    expect_whole_and_canonical("log_head", sample_log_head());
    expect_whole_and_canonical("evidence", sample_evidence_component());
    expect_whole_and_canonical("kp_request", sample_key_package_request());
    expect_whole_and_canonical("kp_reply", sample_key_package_reply());
    expect_whole_and_canonical("sealed", sample_sealed_to_inbox());
}

TEST(Components, TheFormatsPageShowsTheseVeryBytes) {
    using chatmcp::testing::format_vector;
    EXPECT_EQ(format_vector("wire::Roles"), encode(sample_roles()));
    EXPECT_EQ(format_vector("wire::Sequencer"), encode(Sequencer{counting_array(1)}));
    EXPECT_EQ(format_vector("wire::Development"), encode(Development{counting_array(2)}));
    EXPECT_EQ(format_vector("wire::CompanionOf"), encode(CompanionOf{counting_array(3)}));
    EXPECT_EQ(format_vector("wire::Title"), encode(sample_title()));
    EXPECT_EQ(format_vector("wire::Handshakes"), encode(Handshakes{}));
    EXPECT_EQ(format_vector("wire::LogHead"), encode(sample_log_head()));
    EXPECT_EQ(format_vector("wire::EvidenceComponent"), encode(sample_evidence_component()));
    EXPECT_EQ(format_vector("wire::KeyPackageRequest"), encode(sample_key_package_request()));
    EXPECT_EQ(format_vector("wire::KeyPackageReply"), encode(sample_key_package_reply()));
    EXPECT_EQ(format_vector("wire::SealedToInbox"), encode(sample_sealed_to_inbox()));
}

TEST(Components, HandshakesOfAnotherFormAreRefused) {
    EXPECT_STREQ(decode<Handshakes>(Bytes{0, 2}).error().check, "CON-13");
    EXPECT_STREQ(decode<Handshakes>(Bytes{0, 0}).error().check, "CON-13");
}

TEST(Components, RolesWithoutAnAdminAreRefused) {
    Writer writer;
    writer.vector({});
    EXPECT_STREQ(decode<Roles>(writer.view()).error().check, "CON-10");
}

TEST(Components, MoreAdminsThanTheLimitAreRefused) {
    Writer writer;
    writer.vector_of([](Writer& list) {
        for (std::size_t i = 0; i <= Roles::kAdminsMax; ++i) {
            list.vector(as_bytes("solana:x:y"));
        }
    });
    EXPECT_STREQ(decode<Roles>(writer.view()).error().check, "CON-09");
}

TEST(Components, ATitleThatIsNotUtf8IsRefused) {
    EXPECT_STREQ(decode<Title>(encode(Title{"\xfe"})).error().check, "CON-03");
}

}  // namespace
}  // namespace chatmcp::wire
