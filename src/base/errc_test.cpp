#include "base/errc.h"

#include <set>

#include <gtest/gtest.h>

namespace chatmcp {
namespace {

TEST(Errc, EveryCodeHasANameOfItsOwn) {
    std::set<std::string_view> names;
    int count = 0;
    for (std::uint16_t number = 0; number < 1000; ++number) {
        const std::string_view name = errc_name(static_cast<Errc>(number));
        if (name != "unknown") {
            names.insert(name);
            ++count;
        }
    }
    EXPECT_GE(count, 45);
    EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
}

// Stored and printed formats hold these numbers.
TEST(Errc, NumbersThatWereGivenOutDoNotMove) {
    EXPECT_EQ(static_cast<int>(Errc::malformed), 1);
    EXPECT_EQ(static_cast<int>(Errc::bad_signature), 20);
    EXPECT_EQ(static_cast<int>(Errc::stale_epoch), 26);
    EXPECT_EQ(static_cast<int>(Errc::untrusted_identity), 40);
    EXPECT_EQ(static_cast<int>(Errc::unauthenticated), 60);
    EXPECT_EQ(static_cast<int>(Errc::internal), 84);
}

}  // namespace
}  // namespace chatmcp
