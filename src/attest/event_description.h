#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attest/event_log.h"

namespace chatmcp::attest {

inline constexpr std::size_t kEventTextMaxBytes = 512;

/// Whose registers a log is of.
enum class LogRegisters : std::uint8_t { tpm, tdx };

/// What of an event's data is what was measured; the rest anybody can have written.
enum class EventProof : std::uint8_t {
    nothing,
    value,  // What stands behind a label: a boot loader's command, the value of a variable.
    all,
};

/// An event in words, for people. Everything in it is printable ASCII, whatever the log says.
struct EventDescription {
    std::string register_name;  // "PCR 4", "RTMR0"
    std::string type;           // "EV_EFI_ACTION"
    /// What was measured, as far as the event's data says it in words: texts, variables of UEFI,
    /// device paths. Empty where it does not.
    std::string measured;
    EventProof proof{};
};
[[nodiscard]] EventDescription describe(const LogEvent& event, LogRegisters registers);

/// "EV_EFI_ACTION"; of a number that is not known, the number.
[[nodiscard]] std::string event_type_name(EventType type);
/// "PCR 0", or of TDX "MRTD" and "RTMR0" to "RTMR3".
[[nodiscard]] std::string register_name(std::uint32_t number, LogRegisters registers);

}  // namespace chatmcp::attest
