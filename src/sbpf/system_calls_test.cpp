#include "sbpf/system_calls.h"

#include <set>

#include <gtest/gtest.h>

namespace chatmcp::sbpf {
namespace {

TEST(Murmur3, GivesThePublishedValues) {
    // Wikipedia, "MurmurHash", with seed 0; the last ones are SIMD-0178's and the runtime's.
    EXPECT_EQ(murmur3_32(as_bytes("")), 0u);
    EXPECT_EQ(murmur3_32(as_bytes("test")), 0xba6bd213u);
    EXPECT_EQ(murmur3_32(as_bytes("Hello, world!")), 0xc0363e43u);
    EXPECT_EQ(murmur3_32(as_bytes("The quick brown fox jumps over the lazy dog")), 0x2e4ff723u);
    EXPECT_EQ(murmur3_32(as_bytes("abort")), 0xb6fc1a11u);
    EXPECT_EQ(murmur3_32(as_bytes("sol_log_")), 0x207559bdu);
    EXPECT_EQ(murmur3_32(as_bytes("sol_log_64_")), 0x5c2a3178u);
    EXPECT_EQ(murmur3_32(as_bytes("sol_memcpy_")), 0x717cc4a3u);
    EXPECT_EQ(murmur3_32(as_bytes("sol_sha256")), 0x11f49d86u);
    EXPECT_EQ(murmur3_32(as_bytes("sol_invoke_signed_c")), 0xa22b9c85u);
}

TEST(SystemCalls, AKnownNameHasItsNumberAndBack) {
    std::set<std::uint32_t> numbers;
    for (const std::string_view name : system_call_names()) {
        const std::uint32_t number = system_call_number(name).value_or(0);
        EXPECT_EQ(number, murmur3_32(as_bytes(name)));
        EXPECT_EQ(system_call_name(number), name);
        numbers.insert(number);
    }
    EXPECT_EQ(numbers.size(), system_call_names().size());
    EXPECT_GE(numbers.size(), 40u);
}

TEST(SystemCalls, AnUnknownNameOrNumberIsNone) {
    EXPECT_FALSE(system_call_number("sol_log").has_value());
    EXPECT_FALSE(system_call_number("").has_value());
    EXPECT_FALSE(system_call_name(5).has_value());
}

}  // namespace
}  // namespace chatmcp::sbpf
