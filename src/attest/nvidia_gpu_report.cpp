#include "attest/nvidia_gpu_report.h"

#include <algorithm>

#include "attest/little_endian.h"

namespace chatmcp::attest {
namespace {

constexpr std::uint8_t kSpdmVersion11 = 0x11;
constexpr std::uint8_t kSlotMax = 7;

/// Header and nonce of GET_MEASUREMENTS; returns the slot of the certificate chain that it names.
Result<std::uint8_t> read_request(LittleEndianReader& reader, NvidiaReport& out) {
    constexpr std::uint8_t kGetMeasurements = 0xe0;
    constexpr std::uint8_t kWithSignature = 0x01;
    constexpr std::uint8_t kAllMeasurements = 0xff;
    constexpr ByteArray<4> kHeader = {
        kSpdmVersion11, kGetMeasurements, kWithSignature, kAllMeasurements};
    CHATMCP_TRY(const auto header, reader.array<4>());
    CHATMCP_TRY(out.nonce, reader.array<kSpdmNonceBytes>());
    CHATMCP_TRY(const auto slot, reader.array<1>());
    if (header != kHeader || slot[0] > kSlotMax) {
        return fail(Errc::unsupported, "ATT-242");
    }
    return slot[0];
}

/// One block: DMTF's form, a digest and no raw bits, of SHA-384.
Result<NvidiaMeasurement> read_block(LittleEndianReader& reader) {
    constexpr std::uint8_t kDmtf = 0x01;
    constexpr std::size_t kValueHeadBytes = 3;
    constexpr std::uint8_t kValueTypeMax = 3;  // Firmware's configuration; bit 7 is raw bits.
    CHATMCP_TRY(const auto head, reader.array<2>());
    CHATMCP_TRY(const std::uint16_t size, reader.u16());
    CHATMCP_TRY(const auto type, reader.array<1>());
    CHATMCP_TRY(const std::uint16_t value_size, reader.u16());
    if (head[1] != kDmtf || size != kValueHeadBytes + kNvidiaDigestBytes ||
        type[0] > kValueTypeMax || value_size != kNvidiaDigestBytes) {
        return fail(Errc::malformed, "ATT-244");
    }
    CHATMCP_TRY(const ByteView digest, reader.bytes(kNvidiaDigestBytes));
    return NvidiaMeasurement{.index = head[0], .digest = digest};
}

Result<void> read_blocks(ByteView record, std::size_t count, NvidiaReport& out) {
    constexpr std::uint8_t kIndexMax = 0xfe;
    LittleEndianReader reader(record);
    out.measurements.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        CHATMCP_TRY(const NvidiaMeasurement block, read_block(reader));
        const std::uint8_t last = out.measurements.empty() ? 0 : out.measurements.back().index;
        if (block.index <= last || block.index > kIndexMax) {
            return fail(Errc::invalid_argument, "ATT-246");
        }
        out.measurements.push_back(block);
    }
    return reader.rest().empty() ? Result<void>() : fail(Errc::malformed, "ATT-244");
}

/// Header and measurement record of MEASUREMENTS, for the request that named `slot`.
Result<void> read_record(LittleEndianReader& reader, std::uint8_t slot, NvidiaReport& out) {
    constexpr std::uint8_t kMeasurements = 0x60;
    CHATMCP_TRY(const auto header, reader.array<4>());
    if (header != ByteArray<4>{kSpdmVersion11, kMeasurements, 0, slot}) {
        return fail(Errc::unsupported, "ATT-243");
    }
    // The number of blocks, and the size of all of them in three bytes.
    CHATMCP_TRY(const std::uint32_t numbers, reader.u32());
    const std::size_t count = numbers & 0xff;
    if (count == 0) {
        return fail(Errc::malformed, "ATT-244");
    }
    CHATMCP_TRY(const ByteView record, reader.bytes(numbers >> 8));
    return read_blocks(record, count, out);
}

/// Fields of number, length and data, one after the other.
Result<void> read_opaque(LittleEndianReader& reader, NvidiaReport& out) {
    CHATMCP_TRY(const std::uint16_t size, reader.u16());
    if (size > kSpdmOpaqueMaxBytes) {
        return fail(Errc::too_large, "ATT-240");
    }
    CHATMCP_TRY(const ByteView data, reader.bytes(size));
    LittleEndianReader fields(data);
    while (!fields.rest().empty()) {
        const auto number = fields.u16();
        const auto length = fields.u16();
        const auto value = fields.bytes(length.value_or(0));
        if (!number.has_value() || !length.has_value() || !value.has_value()) {
            return fail(Errc::malformed, "ATT-245");
        }
        if (std::ranges::find(out.opaque, *number, &NvidiaOpaqueField::number) !=
            out.opaque.end()) {
            return fail(Errc::invalid_argument, "ATT-246");
        }
        out.opaque.push_back({.number = *number, .data = *value});
    }
    return {};
}

}  // namespace

Result<NvidiaReport> NvidiaReport::read(ByteView bytes) {
    if (bytes.size() > kNvidiaReportMaxBytes) {
        return fail(Errc::too_large, "ATT-240");
    }
    NvidiaReport out;
    out.bytes = bytes;
    LittleEndianReader reader(bytes);
    CHATMCP_TRY(const std::uint8_t slot, read_request(reader, out));
    CHATMCP_TRY_VOID(read_record(reader, slot, out));
    CHATMCP_TRY(out.responder_nonce, reader.array<kSpdmNonceBytes>());
    CHATMCP_TRY_VOID(read_opaque(reader, out));
    out.signed_part = bytes.first(bytes.size() - reader.rest().size());
    CHATMCP_TRY(out.signature, reader.bytes(kNvidiaSignatureBytes));
    if (!reader.rest().empty()) {
        return fail(Errc::trailing_bytes, "ATT-241");
    }
    return out;
}

std::optional<ByteView> NvidiaReport::find(NvidiaField field) const {
    const auto found =
        std::ranges::find(opaque, static_cast<std::uint16_t>(field), &NvidiaOpaqueField::number);
    return found == opaque.end() ? std::nullopt : std::optional(found->data);
}

}  // namespace chatmcp::attest
