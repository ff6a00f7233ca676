#include "attest/sev_snp_report.h"

#include <algorithm>

#include "attest/little_endian.h"

namespace chatmcp::attest {
namespace {

constexpr std::uint32_t kVersionMin = 2;
constexpr std::uint32_t kVersionMax = 5;
constexpr std::uint32_t kVersionWithProcessor = 3;
constexpr std::uint32_t kVersionWithMitigations = 5;
constexpr std::uint32_t kEcdsaP384Sha384 = 1;
constexpr std::uint32_t kVmplMax = 3;

// What may be set; everything else is reserved and zero.
constexpr std::uint64_t kPolicyKnown = 0x3ffffff;
constexpr std::uint64_t kPolicyAlwaysSet = std::uint64_t{1} << 17;
constexpr std::uint64_t kPlatformInfoKnown = 0xff;
constexpr std::uint32_t kKeyInfoKnown = 0x1f;

bool all_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

Result<void> reserved(LittleEndianReader& reader, std::size_t size_bytes) {
    CHATMCP_TRY(const ByteView bytes, reader.bytes(size_bytes));
    return all_zero(bytes) ? Result<void>() : fail(Errc::malformed, "ATT-104");
}

/// 0x00 to 0x4F.
Result<void> read_guest(LittleEndianReader& reader, SnpReport& out) {
    CHATMCP_TRY(out.version, reader.u32());
    if (out.version < kVersionMin || out.version > kVersionMax) {
        return fail(Errc::unsupported, "ATT-101");
    }
    CHATMCP_TRY(out.guest_svn, reader.u32());
    CHATMCP_TRY(out.policy.bits, reader.u64());
    CHATMCP_TRY(out.family_id, reader.array<16>());
    CHATMCP_TRY(out.image_id, reader.array<16>());
    CHATMCP_TRY(out.vmpl, reader.u32());
    if (out.vmpl > kVmplMax) {
        return fail(Errc::invalid_argument, "ATT-105");
    }
    CHATMCP_TRY(const std::uint32_t algorithm, reader.u32());
    if (algorithm != kEcdsaP384Sha384) {
        return fail(Errc::unsupported, "ATT-102");
    }
    CHATMCP_TRY(out.current_tcb, reader.array<8>());
    CHATMCP_TRY(out.platform_info, reader.u64());
    CHATMCP_TRY(out.key_info, reader.u32());
    if ((out.policy.bits & ~kPolicyKnown) != 0 || (out.policy.bits & kPolicyAlwaysSet) == 0 ||
        (out.platform_info & ~kPlatformInfoKnown) != 0 || (out.key_info & ~kKeyInfoKnown) != 0) {
        return fail(Errc::malformed, "ATT-104");
    }
    if (out.signing_key() != SnpSigningKey::vcek && out.signing_key() != SnpSigningKey::vlek) {
        return fail(Errc::unsupported, "ATT-103");
    }
    return reserved(reader, 4);
}

/// 0x50 to 0x187.
Result<void> read_measurements(LittleEndianReader& reader, SnpReport& out) {
    CHATMCP_TRY(out.report_data, reader.array<64>());
    CHATMCP_TRY(out.measurement, reader.array<48>());
    CHATMCP_TRY(out.host_data, reader.array<32>());
    CHATMCP_TRY(out.id_key_digest, reader.array<48>());
    CHATMCP_TRY(out.author_key_digest, reader.array<48>());
    CHATMCP_TRY(out.report_id, reader.array<32>());
    CHATMCP_TRY(out.report_id_ma, reader.array<32>());
    CHATMCP_TRY(out.reported_tcb, reader.array<8>());
    return {};
}

Result<SnpFirmwareVersion> read_firmware(LittleEndianReader& reader) {
    CHATMCP_TRY(const ByteArray<3> numbers, reader.array<3>());
    CHATMCP_TRY_VOID(reserved(reader, 1));
    return SnpFirmwareVersion{.build = numbers[0], .minor = numbers[1], .major = numbers[2]};
}

/// 0x188 to 0x29F.
Result<void> read_platform(LittleEndianReader& reader, SnpReport& out) {
    if (out.version >= kVersionWithProcessor) {
        CHATMCP_TRY(const ByteArray<3> cpuid, reader.array<3>());
        out.processor = SnpProcessor{.family = cpuid[0], .model = cpuid[1], .stepping = cpuid[2]};
        CHATMCP_TRY_VOID(reserved(reader, 21));
    } else {
        CHATMCP_TRY_VOID(reserved(reader, 24));
    }
    CHATMCP_TRY(out.chip_id, reader.array<64>());
    CHATMCP_TRY(out.committed_tcb, reader.array<8>());
    CHATMCP_TRY(out.current_firmware, read_firmware(reader));
    CHATMCP_TRY(out.committed_firmware, read_firmware(reader));
    CHATMCP_TRY(out.launch_tcb, reader.array<8>());
    if (out.version >= kVersionWithMitigations) {
        CHATMCP_TRY(out.launch_mitigations, reader.u64());
        CHATMCP_TRY(out.current_mitigations, reader.u64());
        return reserved(reader, 152);
    }
    return reserved(reader, 168);
}

/// One half: 72 bytes, little-endian, of which P-384 uses 48.
Result<void> read_half(LittleEndianReader& reader, ByteArray<96>& out, std::size_t at) {
    constexpr std::size_t kHalfBytes = 48;
    constexpr std::size_t kFieldBytes = 72;
    CHATMCP_TRY(const ByteView number, reader.bytes(kHalfBytes));
    CHATMCP_TRY(const ByteView beyond, reader.bytes(kFieldBytes - kHalfBytes));
    if (!all_zero(beyond)) {
        return fail(Errc::malformed, "ATT-106");
    }
    std::ranges::reverse_copy(number, out.begin() + static_cast<std::ptrdiff_t>(at));
    return {};
}

}  // namespace

Result<SignedSnpReport> SignedSnpReport::read(ByteView bytes) {
    if (bytes.size() != kBytes) {
        return fail(Errc::malformed, "ATT-100");
    }
    SignedSnpReport out;
    out.signed_part = bytes.first(kSignedBytes);
    LittleEndianReader reader(bytes);
    CHATMCP_TRY_VOID(read_guest(reader, out.report));
    CHATMCP_TRY_VOID(read_measurements(reader, out.report));
    CHATMCP_TRY_VOID(read_platform(reader, out.report));
    CHATMCP_CHECK(reader.rest().size() == kBytes - kSignedBytes);
    CHATMCP_TRY_VOID(read_half(reader, out.signature, 0));
    CHATMCP_TRY_VOID(read_half(reader, out.signature, 48));
    if (!all_zero(reader.rest())) {
        return fail(Errc::malformed, "ATT-106");
    }
    return out;
}

}  // namespace chatmcp::attest
