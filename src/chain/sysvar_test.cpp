#include "chain/sysvar.h"

#include <gtest/gtest.h>

#include "chain/codec.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

TEST(Sysvar, AClockReadsWhole) {
    Writer writer;
    writer.u64(447'552'000);
    writer.u64(static_cast<std::uint64_t>(std::int64_t{-1}));
    writer.u64(3);
    writer.u64(4);
    writer.u64(1'700'000'000);
    Bytes data = writer.take();
    const auto clock = decode_clock(data);
    ASSERT_TRUE(clock.has_value());
    EXPECT_EQ(clock->slot, 447'552'000u);
    EXPECT_EQ(clock->epoch_start_unix_s, -1);
    EXPECT_EQ(clock->unix_s, 1'700'000'000);
    data.push_back(0);
    EXPECT_STREQ(decode_clock(data).error().check, "CHN-04");
    data.resize(39);
    EXPECT_STREQ(decode_clock(data).error().check, "CHN-01");
}

Bytes nonce_data() {
    Writer writer;
    writer.u32(1);
    writer.u32(1);
    writer.fixed(Bytes(32, 1));
    writer.fixed(Bytes(32, 2));
    writer.u64(5000);
    return writer.take();
}

TEST(Sysvar, ANonceOfAnotherProgramIsRefused) {
    EXPECT_TRUE(decode_nonce(kSystemProgram, nonce_data()).has_value());
    EXPECT_STREQ(decode_nonce(kMemoProgram, nonce_data()).error().check, "CHN-69");
}

TEST(Sysvar, ANonceThatIsNotReadyIsRefused) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{4}}) {
        for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{2}}) {
            Bytes data = nonce_data();
            data[at] = value;
            EXPECT_STREQ(decode_nonce(kSystemProgram, data).error().check, "CHN-70");
        }
    }
}

}  // namespace
}  // namespace chatmcp::chain
