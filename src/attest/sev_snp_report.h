#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::attest {

/// Which key signed a report. Spec: KEY_INFO, SIGNING_KEY; numbers as in the report.
enum class SnpSigningKey : std::uint8_t {
    vcek = 0,  // Versioned chip endorsement key, one for each chip and TCB.
    vlek = 1,  // Versioned loaded endorsement key, one for each cloud and TCB.
};

/// What the guest's owner allowed when it was launched. Spec: ATTESTATION_REPORT, POLICY.
struct SnpGuestPolicy {
    std::uint64_t bits = 0;

    [[nodiscard]] bool smt_allowed() const { return bit(16); }
    [[nodiscard]] bool migration_agent_allowed() const { return bit(18); }
    /// The host may read and write the guest's memory.
    [[nodiscard]] bool debug_allowed() const { return bit(19); }
    [[nodiscard]] bool single_socket() const { return bit(20); }

  private:
    [[nodiscard]] bool bit(unsigned number) const { return ((bits >> number) & 1) != 0; }
};

/// The guest's processor: CPUID leaf 1, whole numbers. Reports of version 3 and above say it.
struct SnpProcessor {
    std::uint8_t family = 0;
    std::uint8_t model = 0;
    std::uint8_t stepping = 0;
};

/// A firmware's version.
struct SnpFirmwareVersion {
    std::uint8_t build = 0;
    std::uint8_t minor = 0;
    std::uint8_t major = 0;
};

/// What an AMD secure processor reports about a guest. TCB versions are the eight bytes as they
/// stand; what each means is the product line's (SnpTcb).
///
/// Spec: AMD publication 56860 (SEV-SNP firmware ABI), table ATTESTATION_REPORT.
struct SnpReport {
    std::uint32_t version = 0;  // 2 to 5
    std::uint32_t guest_svn = 0;
    SnpGuestPolicy policy;
    ByteArray<16> family_id{};
    ByteArray<16> image_id{};
    std::uint32_t vmpl = 0;  // 0 to 3
    ByteArray<8> current_tcb{};
    std::uint64_t platform_info = 0;
    std::uint32_t key_info = 0;
    ByteArray<64> report_data{};
    ByteArray<48> measurement{};
    ByteArray<32> host_data{};
    ByteArray<48> id_key_digest{};
    ByteArray<48> author_key_digest{};
    ByteArray<32> report_id{};
    ByteArray<32> report_id_ma{};
    ByteArray<8> reported_tcb{};
    std::optional<SnpProcessor> processor;  // From version 3 on.
    ByteArray<64> chip_id{};
    ByteArray<8> committed_tcb{};
    SnpFirmwareVersion current_firmware;
    SnpFirmwareVersion committed_firmware;
    ByteArray<8> launch_tcb{};
    std::uint64_t launch_mitigations = 0;   // From version 5 on.
    std::uint64_t current_mitigations = 0;  // The same.

    [[nodiscard]] SnpSigningKey signing_key() const {
        return static_cast<SnpSigningKey>((key_info >> 2) & 7);
    }
    [[nodiscard]] bool has_author_key() const { return (key_info & 1) != 0; }
    /// The host made the processor keep its identity to itself.
    [[nodiscard]] bool chip_id_masked() const { return chip_id == ByteArray<64>{}; }
};

/// A report with its signature, of which nothing has been verified. It borrows the bytes that it
/// was read from, which outlive it.
struct SignedSnpReport {
    static constexpr std::size_t kBytes = 1184;
    static constexpr std::size_t kSignedBytes = 0x2a0;

    SnpReport report;
    ByteView signed_part;
    ByteArray<96> signature{};  // r || s, big-endian, other than in the report.

    /// Errors: malformed (ATT-100) another size, (ATT-104) reserved bits or bytes that are set,
    ///         (ATT-106) a signature beyond its 48 bytes; unsupported (ATT-101) version, (ATT-102)
    ///         signature algorithm, (ATT-103) signing key; invalid_argument (ATT-105) VMPL.
    [[nodiscard]] static Result<SignedSnpReport> read(ByteView bytes);
};

}  // namespace chatmcp::attest
