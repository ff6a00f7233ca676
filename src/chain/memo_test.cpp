#include "chain/memo.h"

#include <array>

#include <gtest/gtest.h>

#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

TEST(Memo, ATextIsTheDataAndItsSignersAreOnlyRead) {
    const std::array signers = {Address{{1}}, Address{{2}}};
    const auto made = memo("gr\xc3\xbc\xc3\x9f", signers);
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->program, kMemoProgram);
    EXPECT_EQ(made->accounts,
              (std::vector{readonly_signer(signers[0]), readonly_signer(signers[1])}));
    EXPECT_EQ(as_text(made->data), "gr\xc3\xbc\xc3\x9f");
}

TEST(Memo, WhatIsNotUtf8IsRefused) {
    EXPECT_STREQ(memo("\xc3", {}).error().check, "CHN-45");
    EXPECT_STREQ(memo("\xed\xa0\x80", {}).error().check, "CHN-45");
}

}  // namespace
}  // namespace chatmcp::chain
