#pragma once

#include <bit>
#include <cstring>
#include <type_traits>

#include "base/bytes.h"
#include "chain/instruction.h"
#include "program/instructions.h"

// How the types of program/include become bytes and accounts. For the files of this folder that
// make instructions and read accounts.

namespace chatmcp::chain {

// The program and its clients share the types, so that the bytes are those of memory.
static_assert(std::endian::native == std::endian::little);

[[nodiscard]] inline program::Key program_key(const Address& address) {
    return std::bit_cast<program::Key>(address.bytes);
}
[[nodiscard]] inline program::Digest program_digest(const ByteArray<32>& digest) {
    return std::bit_cast<program::Digest>(digest);
}
[[nodiscard]] inline Address address_of(const program::Key& key) {
    return {std::bit_cast<ByteArray<Address::kBytes>>(key)};
}

/// The bytes of a type without padding. Borrowed.
template <class T>
[[nodiscard]] ByteView bytes_of(const T& value) {
    static_assert(std::has_unique_object_representations_v<T>, "no byte of it is undefined");
    const auto* const bytes =
        reinterpret_cast<const std::uint8_t*>(&value);  // NOLINT(*-reinterpret-cast)
    return {bytes, sizeof value};
}

/// An instruction of type `I`: its accounts in their order and roles, its data with the kind set,
/// then what follows.
template <class I>
[[nodiscard]] Instruction encode_instruction(const Address& program,
                                             const typename I::template Accounts<Address>& accounts,
                                             typename I::Data data,
                                             ByteView tail = {}) {
    // A struct of slots has as many as one of numbers has bytes by eight.
    constexpr std::uint64_t kCount = program::kAccountsCount<I::template Accounts>;
    Instruction out{.program = program, .accounts = {}, .data = {}};
    out.accounts.reserve(kCount);
    program::for_each_slot<kCount>(accounts, [&out](const auto& slot) {
        using Role = std::remove_cvref_t<decltype(slot)>;
        out.accounts.push_back({slot.value, Role::kSigner, Role::kWritable});
    });
    data.header.instruction = I::kKind;
    out.data.reserve(sizeof data + tail.size());
    append(out.data, bytes_of(data));
    append(out.data, tail);
    return out;
}

}  // namespace chatmcp::chain
