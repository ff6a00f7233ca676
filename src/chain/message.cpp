#include "chain/message.h"

#include <algorithm>

#include "base/check.h"
#include "chain/codec.h"
#include "chain/message_rules.h"

namespace chatmcp::chain {
namespace {

// SIMD-0385: the mask says which values follow; the fee has two bits because it has two words.
constexpr std::uint32_t kFeeBits = 0b11;
constexpr std::uint32_t kComputeUnitsBit = 0b100;
constexpr std::uint32_t kLoadedAccountsBit = 0b1000;
constexpr std::uint32_t kHeapBit = 0b10000;
constexpr std::uint32_t kKnownBits = 0b11111;

constexpr std::uint8_t kVersionFlag = 0x80;
constexpr std::uint8_t kVersionMask = 0x7f;

void write_header(Writer& writer, const Message& message) {
    writer.u8(message.required_signatures);
    writer.u8(message.readonly_signers);
    writer.u8(message.readonly_others);
}

void write_addresses(Writer& writer, const std::vector<Address>& addresses) {
    for (const Address& address : addresses) {
        writer.fixed(address.bytes);
    }
}

std::uint32_t mask_of(const TransactionConfig& config) {
    return (config.priority_fee_lamports ? kFeeBits : 0) |
           (config.compute_unit_limit ? kComputeUnitsBit : 0) |
           (config.loaded_accounts_bytes_max ? kLoadedAccountsBit : 0) |
           (config.heap_bytes ? kHeapBit : 0);
}

void write_config(Writer& writer, const TransactionConfig& config) {
    if (config.priority_fee_lamports) {
        writer.u64(*config.priority_fee_lamports);
    }
    for (const auto& value :
         {config.compute_unit_limit, config.loaded_accounts_bytes_max, config.heap_bytes}) {
        if (value) {
            writer.u32(*value);
        }
    }
}

void write_v1(Writer& writer, const Message& message) {
    write_header(writer, message);
    writer.u32(mask_of(message.config));
    writer.fixed(message.lifetime);
    writer.u8(static_cast<std::uint8_t>(message.instructions.size()));
    writer.u8(static_cast<std::uint8_t>(message.accounts.size()));
    write_addresses(writer, message.accounts);
    write_config(writer, message.config);
    for (const CompiledInstruction& instruction : message.instructions) {
        writer.u8(instruction.program_index);
        writer.u8(static_cast<std::uint8_t>(instruction.account_indices.size()));
        writer.u16(static_cast<std::uint16_t>(instruction.data.size()));
    }
    for (const CompiledInstruction& instruction : message.instructions) {
        writer.fixed(instruction.account_indices);
        writer.fixed(instruction.data);
    }
}

void write_legacy_or_v0(Writer& writer, const Message& message) {
    write_header(writer, message);
    writer.compact_u16(message.accounts.size());
    write_addresses(writer, message.accounts);
    writer.fixed(message.lifetime);
    writer.compact_u16(message.instructions.size());
    for (const CompiledInstruction& instruction : message.instructions) {
        writer.u8(instruction.program_index);
        writer.compact_bytes(instruction.account_indices);
        writer.compact_bytes(instruction.data);
    }
    if (message.version == MessageVersion::v0) {
        writer.compact_u16(message.lookups.size());
        for (const TableLookup& lookup : message.lookups) {
            writer.fixed(lookup.table.bytes);
            writer.compact_bytes(lookup.writable_indices);
            writer.compact_bytes(lookup.readonly_indices);
        }
    }
}

Result<MessageVersion> read_version(Reader& reader) {
    CHATMCP_TRY(const std::uint8_t first, reader.peek());
    if ((first & kVersionFlag) == 0) {
        return MessageVersion::legacy;
    }
    CHATMCP_TRY_VOID(reader.u8());
    switch (first & kVersionMask) {
        case 0:
            return MessageVersion::v0;
        case 1:
            return MessageVersion::v1;
        default:
            return fail(Errc::unsupported_version, "CHN-20");
    }
}

Result<void> read_header(Reader& reader, Message& message) {
    CHATMCP_TRY(message.required_signatures, reader.u8());
    CHATMCP_TRY(message.readonly_signers, reader.u8());
    CHATMCP_TRY(message.readonly_others, reader.u8());
    return {};
}

Result<void> read_addresses(Reader& reader, std::size_t count, std::vector<Address>& to) {
    // As many as the input holds, before anything is allocated for them.
    CHATMCP_TRY(const ByteView bytes, reader.fixed(count * Address::kBytes));
    to.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        to.push_back(
            {to_array<Address::kBytes>(bytes.subspan(i * Address::kBytes, Address::kBytes))});
    }
    return {};
}

Result<Bytes> read_bytes(Reader& reader) {
    CHATMCP_TRY(const ByteView bytes, reader.compact_bytes());
    return to_bytes(bytes);
}

Result<void> read_legacy_or_v0(Reader& reader, Message& message) {
    CHATMCP_TRY_VOID(read_header(reader, message));
    CHATMCP_TRY(const std::size_t accounts, reader.compact_u16());
    CHATMCP_TRY_VOID(read_addresses(reader, accounts, message.accounts));
    CHATMCP_TRY(message.lifetime, reader.array<sizeof(Blockhash)>());
    CHATMCP_TRY(const std::size_t instructions, reader.compact_u16());
    for (std::size_t i = 0; i < instructions; ++i) {
        CompiledInstruction instruction;
        CHATMCP_TRY(instruction.program_index, reader.u8());
        CHATMCP_TRY(instruction.account_indices, read_bytes(reader));
        CHATMCP_TRY(instruction.data, read_bytes(reader));
        message.instructions.push_back(std::move(instruction));
    }
    if (message.version == MessageVersion::legacy) {
        return {};
    }
    CHATMCP_TRY(const std::size_t lookups, reader.compact_u16());
    for (std::size_t i = 0; i < lookups; ++i) {
        TableLookup lookup;
        CHATMCP_TRY(lookup.table.bytes, reader.array<Address::kBytes>());
        CHATMCP_TRY(lookup.writable_indices, read_bytes(reader));
        CHATMCP_TRY(lookup.readonly_indices, read_bytes(reader));
        message.lookups.push_back(std::move(lookup));
    }
    return {};
}

Result<TransactionConfig> read_config(Reader& reader, std::uint32_t mask) {
    const std::uint32_t fee = mask & kFeeBits;
    if ((mask & ~kKnownBits) != 0 || (fee != 0 && fee != kFeeBits)) {
        return fail(Errc::not_canonical, "CHN-26");
    }
    TransactionConfig config;
    if (fee != 0) {
        CHATMCP_TRY(config.priority_fee_lamports, reader.u64());
    }
    if ((mask & kComputeUnitsBit) != 0) {
        CHATMCP_TRY(config.compute_unit_limit, reader.u32());
    }
    if ((mask & kLoadedAccountsBit) != 0) {
        CHATMCP_TRY(config.loaded_accounts_bytes_max, reader.u32());
    }
    if ((mask & kHeapBit) != 0) {
        CHATMCP_TRY(config.heap_bytes, reader.u32());
    }
    return config;
}

struct InstructionHead {
    std::uint8_t program_index = 0;
    std::uint8_t accounts = 0;
    std::uint16_t data_bytes = 0;
};

Result<void> read_v1(Reader& reader, Message& message) {
    CHATMCP_TRY_VOID(read_header(reader, message));
    CHATMCP_TRY(const std::uint32_t mask, reader.u32());
    CHATMCP_TRY(message.lifetime, reader.array<sizeof(Blockhash)>());
    CHATMCP_TRY(const std::uint8_t instructions, reader.u8());
    CHATMCP_TRY(const std::uint8_t accounts, reader.u8());
    CHATMCP_TRY_VOID(read_addresses(reader, accounts, message.accounts));
    CHATMCP_TRY(message.config, read_config(reader, mask));
    std::vector<InstructionHead> heads(instructions);
    for (InstructionHead& head : heads) {
        CHATMCP_TRY(head.program_index, reader.u8());
        CHATMCP_TRY(head.accounts, reader.u8());
        CHATMCP_TRY(head.data_bytes, reader.u16());
    }
    for (const InstructionHead& head : heads) {
        CHATMCP_TRY(const ByteView indices, reader.fixed(head.accounts));
        CHATMCP_TRY(const ByteView data, reader.fixed(head.data_bytes));
        message.instructions.push_back({head.program_index, to_bytes(indices), to_bytes(data)});
    }
    return {};
}

}  // namespace

bool Message::is_signer(std::size_t place) const {
    CHATMCP_CHECK(place < accounts.size());
    return place < required_signatures;
}

bool Message::is_writable(std::size_t place) const {
    CHATMCP_CHECK(place < accounts.size());
    return place < required_signatures ? place + readonly_signers < required_signatures
                                       : place + readonly_others < accounts.size();
}

Bytes encode(const Message& message) {
    Writer writer;
    switch (message.version) {
        case MessageVersion::legacy:
            write_legacy_or_v0(writer, message);
            break;
        case MessageVersion::v0:
            writer.u8(kVersionFlag);
            write_legacy_or_v0(writer, message);
            break;
        case MessageVersion::v1:
            writer.u8(kVersionFlag | 1);
            write_v1(writer, message);
            break;
    }
    return writer.take();
}

Result<Message> decode_message(ByteView input) {
    Reader reader(input);
    Message message;
    CHATMCP_TRY(message.version, read_version(reader));
    CHATMCP_TRY_VOID(message.version == MessageVersion::v1 ? read_v1(reader, message)
                                                           : read_legacy_or_v0(reader, message));
    CHATMCP_TRY_VOID(reader.finish());
    CHATMCP_TRY_VOID(check_message(message));
    return message;
}

}  // namespace chatmcp::chain
