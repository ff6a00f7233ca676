#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "attest/tpm_structures.h"
#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::attest {

// Limits of a log; they are ours.
inline constexpr std::size_t kEventLogMaxBytes = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t kEventLogEventsMax = 65'536;
inline constexpr std::uint32_t kEventLogRegistersMax = 32;

/// What types of events mean. Spec: TCG PC Client Platform Firmware Profile, table "Events". Other
/// numbers occur; they are no error.
enum class EventType : std::uint32_t {
    preboot_cert = 0x00000000,
    post_code = 0x00000001,
    no_action = 0x00000003,  // Says something; nothing is measured.
    separator = 0x00000004,
    action = 0x00000005,
    event_tag = 0x00000006,
    s_crtm_contents = 0x00000007,
    s_crtm_version = 0x00000008,
    cpu_microcode = 0x00000009,
    platform_config_flags = 0x0000000a,
    table_of_devices = 0x0000000b,
    compact_hash = 0x0000000c,
    ipl = 0x0000000d,
    ipl_partition_data = 0x0000000e,
    nonhost_code = 0x0000000f,
    nonhost_config = 0x00000010,
    nonhost_info = 0x00000011,
    omit_boot_device_events = 0x00000012,
    post_code2 = 0x00000013,
    efi_variable_driver_config = 0x80000001,
    efi_variable_boot = 0x80000002,
    efi_boot_services_application = 0x80000003,
    efi_boot_services_driver = 0x80000004,
    efi_runtime_services_driver = 0x80000005,
    efi_gpt_event = 0x80000006,
    efi_action = 0x80000007,
    efi_platform_firmware_blob = 0x80000008,
    efi_handoff_tables = 0x80000009,
    efi_platform_firmware_blob2 = 0x8000000a,
    efi_handoff_tables2 = 0x8000000b,
    efi_variable_boot2 = 0x8000000c,
    efi_gpt_event2 = 0x8000000d,
    efi_hcrtm_event = 0x80000010,
    efi_variable_authority = 0x800000e0,
    efi_spdm_firmware_blob = 0x800000e1,
    efi_spdm_firmware_config = 0x800000e2,
};

/// One measurement: what a register was extended by, in each bank.
struct LogEvent {
    std::uint32_t register_number = 0;  // A PCR; in a log of a confidential VM, an MR index.
    EventType type{};
    std::map<TpmHash, ByteView> digests;  // Of the hash functions that are known here.
    ByteView data;                        // What was measured, or what it was.
};

/// A log of what firmware and boot loader measured. It borrows the bytes that it was read from,
/// which outlive it. Nothing in it has been verified: whoever hands it over can write what he
/// likes, and only what it replays to, compared with a quote, says that the digests are true; of
/// the data, only what has an event's digest itself (data_is_measured) is.
///
/// Spec: TCG PC Client Platform Firmware Profile, section "Event logging": the crypto-agile format
///       behind its header, or the one of SHA-1 alone before it. UEFI section 38 for confidential
///       VMs (CCEL), whose registers of TDX are MRTD (0) and RTMR0 to RTMR3 (1 to 4).
struct EventLog {
    bool crypto_agile = false;
    std::vector<TpmHash> banks;  // That are known here, in the order of the header.
    std::vector<LogEvent> events;
    std::uint8_t startup_locality = 0;  // That PCR 0 starts with.

    /// Zeros or ones after the last event are the log's empty space.
    ///
    /// Errors: too_large (ATT-260) the log or its number of events; malformed (ATT-261) an event
    ///         that ends early, (ATT-262) a header that is none, (ATT-264) a register that no
    ///         platform has; invalid_argument (ATT-263) digests of other hash functions than the
    ///         header's.
    /// Cost:   linear; one allocation or two for each event.
    [[nodiscard]] static Result<EventLog> read(ByteView bytes);

    /// What the registers of a bank are after all events: hash(old || digest), from zeros.
    [[nodiscard]] std::map<std::uint8_t, Bytes> replay(TpmHash bank) const;
};

/// The event's data has the digest of every bank: where the register is explained, nobody can have
/// changed it. No digest covers an event's type.
[[nodiscard]] bool data_is_measured(const LogEvent& event);

/// Whether a register is what the log says.
enum class ReplayResult : std::uint8_t {
    explained,    // By its events, one after the other.
    not_in_log,   // No event, and a value that is not the initial one.
    untouched,    // No event, and the initial value.
    contradicts,  // Its events lead to another value.
};
/// By register, for each that `quoted` has. In a bank that the log has not, no register is
/// explained.
[[nodiscard]] std::map<std::uint8_t, ReplayResult> explain_registers(
    const EventLog& log, TpmHash bank, const std::map<std::uint8_t, Bytes>& quoted);

}  // namespace chatmcp::attest
