#include "tee/key_memory.h"

#include <gtest/gtest.h>

namespace chatmcp::tee {
namespace {

TEST(KeyMemory, HoldsTheKeyAndSaysHowItIsProtected) {
    const Bytes key(32, 0x42);
    const KeyMemory memory(key);
    EXPECT_TRUE(equal(memory.view(), key));
    EXPECT_NE(protection_name(memory.protection()), "");
    // Every machine that runs these tests can lock one page.
    EXPECT_NE(memory.protection(), KeyMemory::Protection::ordinary);
}

TEST(KeyMemory, MovesAndIsThenEmpty) {
    const Bytes key(KeyMemory::kMaxBytes, 0x17);
    KeyMemory first(key);
    KeyMemory second(std::move(first));
    EXPECT_TRUE(equal(second.view(), key));
    KeyMemory third(Bytes(1, 1));
    third = std::move(second);
    EXPECT_TRUE(equal(third.view(), key));
}

TEST(KeyMemory, ProtectionsHaveNames) {
    EXPECT_EQ(protection_name(KeyMemory::Protection::secret), "secret");
    EXPECT_EQ(protection_name(KeyMemory::Protection::locked), "locked");
    EXPECT_EQ(protection_name(KeyMemory::Protection::ordinary), "ordinary");
}

}  // namespace
}  // namespace chatmcp::tee
