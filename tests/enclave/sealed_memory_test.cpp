// The enclave's state by itself: what goes to the host and what is taken back.
#include "enclave/sealed_memory.h"

#include <gtest/gtest.h>

#include "enclave/rig.h"

namespace chatmcp::testing {
namespace {

using enclave::SealedMemory;

class EnclaveMemory : public ::testing::Test {
  protected:
    SealedMemory open() { return std::move(SealedMemory::open(platform).value()); }
    void put(SealedMemory& memory, std::string_view key, std::string_view value) {
        SealedMemory::Step step(memory);
        ASSERT_TRUE(step.put(as_bytes(key), as_bytes(value)).has_value());
        keep(memory, step);
    }
    void keep(SealedMemory& memory, SealedMemory::Step& step) {
        for (wire::StoreBatch::Write& write : memory.apply(step, world.random)) {
            if (write.value.has_value()) {
                stored.insert_or_assign(write.key, *write.value);
            } else {
                stored.erase(write.key);
            }
        }
    }
    static std::vector<wire::StoredState::Pair> pairs(const Stored& from) {
        std::vector<wire::StoredState::Pair> out;
        for (const auto& [key, value] : from) {
            out.push_back({key, value});
        }
        return out;
    }

    World world;
    RigPlatform platform{world, crypto::SigningKey::generate(world.random)};
    Stored stored;
};

TEST_F(EnclaveMemory, AKeyOrValueAboveTheLimitsIsNotKept) {
    SealedMemory memory = open();
    SealedMemory::Step step(memory);
    const Bytes long_key(Transaction::kKeyMaxBytes + 1);
    const Bytes long_value(tee::Sealer::kPlaintextMaxBytes);
    for (const auto& refused : {step.put({}, as_bytes("x")),
                                step.put(long_key, as_bytes("x")),
                                step.put(as_bytes("key"), long_value),
                                step.erase({}),
                                step.erase(long_key)}) {
        ASSERT_FALSE(refused.has_value());
        EXPECT_STREQ(refused.error().check, "ENC-03");
    }
    EXPECT_TRUE(memory.apply(step, world.random).empty());
}

TEST_F(EnclaveMemory, AnyChangeOfWhatTheHostKeepsIsNoticed) {
    SealedMemory memory = open();
    put(memory, "a", "one");
    put(memory, "b", "two");
    put(memory, "c", "three");
    std::size_t tried = 0;
    const auto expect_refused = [&](const Stored& changed) {
        ++tried;
        const auto refused = open().restore(pairs(changed));
        ASSERT_FALSE(refused.has_value());
        EXPECT_STREQ(refused.error().check, "ENC-02");
    };
    for (const auto& [key, value] : stored) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            Stored changed = stored;
            changed[key][i] ^= static_cast<std::uint8_t>(1 << (i % 8));
            expect_refused(changed);
        }
        for (const std::size_t left : {std::size_t{0}, value.size() / 2, value.size() - 1}) {
            Stored changed = stored;
            changed[key].resize(left);
            expect_refused(changed);
        }
        Stored lacking = stored;
        lacking.erase(key);
        expect_refused(lacking);
        Stored renamed = lacking;
        renamed[to_bytes(as_bytes("another name"))] = value;
        expect_refused(renamed);
    }
    EXPECT_GE(tried, 250u);
    EXPECT_TRUE(open().restore(pairs(stored)).has_value());
}

TEST_F(EnclaveMemory, WhatIsTakenBackIsWhatWasSealed) {
    SealedMemory memory = open();
    put(memory, "a", "one");
    put(memory, "b", "two");
    put(memory, "a", "three");
    SealedMemory::Step erasing(memory);
    ASSERT_TRUE(erasing.erase(as_bytes("b")).has_value());
    keep(memory, erasing);
    SealedMemory again = open();
    ASSERT_TRUE(again.restore(pairs(stored)).has_value());
    EXPECT_EQ(again.size_bytes(), memory.size_bytes());
    EXPECT_EQ(again.size_bytes(), std::string_view("athree").size());
    SealedMemory::Step step(again);
    EXPECT_EQ(*step.get(as_bytes("a")), to_bytes(as_bytes("three")));
    EXPECT_FALSE(step.get(as_bytes("b"))->has_value());
}

TEST_F(EnclaveMemory, AStepGoesBackToItsSavepoint) {
    SealedMemory memory = open();
    put(memory, "a", "one");
    SealedMemory::Step step(memory);
    ASSERT_TRUE(step.put(as_bytes("b"), as_bytes("two")).has_value());
    {
        SealedMemory::Savepoint before(step);
        ASSERT_TRUE(step.put(as_bytes("b"), as_bytes("other")).has_value());
        ASSERT_TRUE(step.erase(as_bytes("a")).has_value());
        ASSERT_TRUE(step.put(as_bytes("c"), as_bytes("three")).has_value());
        before.roll_back();
    }
    EXPECT_EQ(*step.get(as_bytes("a")), to_bytes(as_bytes("one")));
    EXPECT_EQ(*step.get(as_bytes("b")), to_bytes(as_bytes("two")));
    EXPECT_FALSE(step.get(as_bytes("c"))->has_value());
}

}  // namespace
}  // namespace chatmcp::testing
