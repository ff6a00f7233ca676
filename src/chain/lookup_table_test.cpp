#include "chain/lookup_table.h"

#include <gtest/gtest.h>

#include "chain/codec.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

Bytes table_data(std::size_t addresses) {
    Writer writer;
    writer.u32(1);
    writer.u64(LookupTableAccount::kNeverDeactivated);
    writer.u64(12);
    writer.u8(0);
    writer.u8(1);
    writer.fixed(Bytes(32, 5));
    writer.u16(0);
    writer.fixed(Bytes(32 * addresses, 6));
    return writer.take();
}

void expect_refused(const Address& program, const Bytes& data, std::string_view check) {
    const auto table = decode_lookup_table(program, data);
    ASSERT_FALSE(table.has_value());
    EXPECT_EQ(table.error().check, check);
}

TEST(LookupTable, ItReadsUpToTheMostAddresses) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{3}, std::size_t{256}}) {
        const auto table = decode_lookup_table(kAddressLookupTableProgram, table_data(count));
        ASSERT_TRUE(table.has_value());
        EXPECT_EQ(table->addresses.size(), count);
        EXPECT_EQ(table->deactivation_slot, LookupTableAccount::kNeverDeactivated);
    }
}

TEST(LookupTable, AnAccountOfAnotherProgramIsRefused) {
    expect_refused(kSystemProgram, table_data(1), "CHN-67");
}

TEST(LookupTable, ASizeKindOrFlagThatDoesNotExistIsRefused) {
    expect_refused(kAddressLookupTableProgram, table_data(257), "CHN-68");
    Bytes data = table_data(1);
    data.push_back(0);
    expect_refused(kAddressLookupTableProgram, data, "CHN-68");
    data = table_data(1);
    data[0] = 0;
    expect_refused(kAddressLookupTableProgram, data, "CHN-68");
    data = table_data(1);
    data[21] = 2;
    expect_refused(kAddressLookupTableProgram, data, "CHN-68");
    data.resize(LookupTableAccount::kHeadBytes - 1);
    expect_refused(kAddressLookupTableProgram, data, "CHN-01");
}

}  // namespace
}  // namespace chatmcp::chain
