#include "chain/lookup_table.h"

#include "chain/codec.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

constexpr std::uint32_t kLookupTableKind = 1;

}  // namespace

Result<LookupTableAccount> decode_lookup_table(const Address& program, ByteView data) {
    if (program != kAddressLookupTableProgram) {
        return fail(Errc::wrong_key, "CHN-67");
    }
    Reader head(data);
    LookupTableAccount table;
    CHATMCP_TRY(const std::uint32_t kind, head.u32());
    CHATMCP_TRY(table.deactivation_slot, head.u64());
    CHATMCP_TRY(table.last_extended_slot, head.u64());
    CHATMCP_TRY(table.last_extended_start, head.u8());
    CHATMCP_TRY(const std::uint8_t has_authority, head.u8());
    CHATMCP_TRY(const auto authority, head.array<Address::kBytes>());
    // Without an authority the program writes less and leaves behind what was there.
    if (has_authority == 1) {
        table.authority = Address{authority};
    }
    CHATMCP_TRY_VOID(head.u16());  // Padding up to kHeadBytes.
    const ByteView addresses = head.rest();
    const std::size_t count = addresses.size() / Address::kBytes;
    if (kind != kLookupTableKind || has_authority > 1 || addresses.size() % Address::kBytes != 0 ||
        count > AddressLookupTable::kAddressesMax) {
        return fail(Errc::malformed, "CHN-68");
    }
    for (std::size_t i = 0; i < count; ++i) {
        table.addresses.push_back(
            {to_array<Address::kBytes>(addresses.subspan(i * Address::kBytes, Address::kBytes))});
    }
    return table;
}

}  // namespace chatmcp::chain
