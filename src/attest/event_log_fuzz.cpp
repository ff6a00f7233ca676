// Any input as an event log: what is read keeps its limits, replays to registers of the right size,
// and is described in printable text.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "attest/event_description.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    using attest::LogRegisters;
    const auto log = attest::EventLog::read(ByteView(data, size));
    if (!log.has_value()) {
        return 0;
    }
    CHATMCP_CHECK(log->events.size() <= attest::kEventLogEventsMax);
    for (const attest::TpmHash bank : log->banks) {
        for (const auto& [number, value] : log->replay(bank)) {
            CHATMCP_CHECK(number < attest::kEventLogRegistersMax);
            CHATMCP_CHECK(value.size() == attest::tpm_hash_bytes(bank));
        }
    }
    for (const attest::LogEvent& event : log->events) {
        for (const LogRegisters registers : {LogRegisters::tpm, LogRegisters::tdx}) {
            const auto text = attest::describe(event, registers).measured;
            CHATMCP_CHECK(text.size() <= attest::kEventTextMaxBytes);
            CHATMCP_CHECK(
                std::ranges::all_of(text, [](char each) { return each >= 0x20 && each < 0x7f; }));
        }
    }
    return 0;
}
