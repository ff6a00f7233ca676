#include "cli/chain_views.h"

#include <bit>

#include "cli/output.h"

namespace chatmcp::cli {

std::array<std::uint64_t, kParamNames.size()> param_values(const program::Params& params) {
    return std::bit_cast<std::array<std::uint64_t, kParamNames.size()>>(params);
}

std::string label_text(const program::Label& label) {
    const std::string text = to_text(ByteView(label.bytes));
    return printable(text.substr(0, text.find('\0')));
}

const char* kind_name(program::EvidenceKind kind) {
    switch (kind) {
        case program::EvidenceKind::simulated:
            return "simulated";
        case program::EvidenceKind::sgx:
            return "sgx";
        case program::EvidenceKind::tdx:
            return "tdx";
        case program::EvidenceKind::sev_snp:
            return "sev-snp";
        case program::EvidenceKind::nitro:
            return "nitro";
        case program::EvidenceKind::cca:
            return "cca";
    }
    return "unknown";
}

const char* reason_name(program::RevocationReason reason) {
    switch (reason) {
        case program::RevocationReason::none:
            return "none";
        case program::RevocationReason::unspecified:
            return "unspecified";
        case program::RevocationReason::key_compromise:
            return "key_compromise";
        case program::RevocationReason::vulnerable_code:
            return "vulnerable_code";
        case program::RevocationReason::vulnerable_platform:
            return "vulnerable_platform";
        case program::RevocationReason::superseded:
            return "superseded";
    }
    return "unknown";
}

const char* status_name(program::EntryStatus status) {
    return status == program::EntryStatus::active ? "active" : "revoked";
}

}  // namespace chatmcp::cli
