#include "attest/explained_log.h"

#include <algorithm>
#include <utility>

#include "attest/claims.h"

namespace chatmcp::attest {
namespace {

/// Registers that were signed, as a log numbers them.
struct Quoted {
    TpmHash bank = TpmHash::sha256;
    LogRegisters registers = LogRegisters::tpm;
    std::map<std::uint8_t, Bytes> values;
};

std::optional<Quoted> quoted_by(const DcapClaims& claims) {
    const auto* const td = std::get_if<TdReport>(&claims.body);
    if (td == nullptr) {
        return std::nullopt;
    }
    Quoted out{.bank = TpmHash::sha384, .registers = LogRegisters::tdx, .values = {}};
    for (std::size_t i = 0; i < std::size(td->rtmr); ++i) {
        // 0 is MRTD.
        out.values.emplace(static_cast<std::uint8_t>(i + 1), to_bytes(td->rtmr[i]));
    }
    return out;
}

std::optional<Quoted> quoted_by(const TpmClaims& claims) {
    if (claims.pcrs.empty()) {
        return std::nullopt;
    }
    const auto& [bank, values] = *claims.pcrs.rbegin();
    return Quoted{.bank = bank, .registers = LogRegisters::tpm, .values = values};
}

std::optional<Quoted> quoted_by(const AzureVtpmClaims& claims) {
    return quoted_by(claims.tpm);
}

template <class Other>
std::optional<Quoted> quoted_by(const Other& /*claims*/) {
    return std::nullopt;
}

ExplainedLog explained(const EventLog& log, const Quoted& quoted) {
    ExplainedLog out;
    for (const auto& [number, result] : explain_registers(log, quoted.bank, quoted.values)) {
        out.registers.emplace(register_name(number, quoted.registers), result);
    }
    for (const LogEvent& event : log.events) {
        out.events.push_back(describe(event, quoted.registers));
    }
    return out;
}

}  // namespace

bool ExplainedLog::is_whole() const {
    return !error.has_value() && std::ranges::all_of(registers, [](const auto& each) {
        return each.second == ReplayResult::explained || each.second == ReplayResult::untouched;
    });
}

bool ExplainedLog::contradicts() const {
    return std::ranges::any_of(
        registers, [](const auto& each) { return each.second == ReplayResult::contradicts; });
}

std::optional<ExplainedLog> explain_log(const EvidenceBundle& bundle, const Claims& claims) {
    const auto quoted =
        std::visit([](const auto& details) { return quoted_by(details); }, claims.details);
    if (!quoted.has_value()) {
        return std::nullopt;
    }
    const auto file =
        bundle.file(quoted->registers == LogRegisters::tdx ? "ccel_data.bin" : "eventlog.bin");
    if (!file.has_value()) {
        return std::nullopt;
    }
    const auto log = EventLog::read(*file);
    if (!log.has_value()) {
        ExplainedLog out;
        out.error = log.error();
        return out;
    }
    return explained(*log, *quoted);
}

}  // namespace chatmcp::attest
