#include "chain/message_rules.h"

#include <algorithm>

namespace chatmcp::chain {
namespace {

Result<void> check_header(const Message& message) {
    // The fee payer signs and is written.
    if (message.readonly_signers >= message.required_signatures ||
        std::size_t{message.required_signatures} + message.readonly_others >
            message.accounts.size()) {
        return fail(Errc::malformed, "CHN-21");
    }
    return {};
}

template <class Value>
bool has_duplicates(std::vector<Value> values) {
    std::sort(values.begin(), values.end());
    return std::adjacent_find(values.begin(), values.end()) != values.end();
}

Result<void> check_lookup(const TableLookup& lookup) {
    Bytes places = lookup.writable_indices;
    append(places, lookup.readonly_indices);
    if (places.empty()) {
        return fail(Errc::malformed, "CHN-25");
    }
    if (has_duplicates(std::move(places))) {
        return fail(Errc::malformed, "CHN-22");
    }
    return {};
}

Result<std::size_t> count_places(const Message& message) {
    std::size_t places = message.accounts.size();
    for (const TableLookup& lookup : message.lookups) {
        CHATMCP_TRY_VOID(check_lookup(lookup));
        places += lookup.writable_indices.size() + lookup.readonly_indices.size();
    }
    if (places > Message::kPlacesMax) {
        return fail(Errc::malformed, "CHN-25");
    }
    return places;
}

}  // namespace

Result<void> check_config(const TransactionConfig& config) {
    if (config.compute_unit_limit.value_or(0) > TransactionConfig::kComputeUnitsMax) {
        return fail(Errc::invalid_argument, "CHN-16");
    }
    const std::uint32_t heap = config.heap_bytes.value_or(TransactionConfig::kHeapMinBytes);
    if (heap < TransactionConfig::kHeapMinBytes || heap > TransactionConfig::kHeapMaxBytes ||
        heap % TransactionConfig::kHeapStepBytes != 0) {
        return fail(Errc::invalid_argument, "CHN-16");
    }
    return {};
}

Result<void> check_counts(std::size_t accounts, std::size_t signers, std::size_t instructions) {
    if (accounts > Message::kAccountsMax) {
        return fail(Errc::too_large, "CHN-11");
    }
    if (signers > Message::kSignersMax) {
        return fail(Errc::too_large, "CHN-12");
    }
    if (instructions > Message::kInstructionsMax) {
        return fail(Errc::too_large, "CHN-13");
    }
    return {};
}

Result<void> check_message(const Message& message) {
    CHATMCP_TRY_VOID(check_header(message));
    if (message.version == MessageVersion::v1) {
        CHATMCP_TRY_VOID(check_counts(
            message.accounts.size(), message.required_signatures, message.instructions.size()));
        CHATMCP_TRY_VOID(check_config(message.config));
    }
    // A cluster refuses to load an account twice, and who reads the message would see two roles.
    if (has_duplicates(message.accounts)) {
        return fail(Errc::malformed, "CHN-22");
    }
    CHATMCP_TRY(const std::size_t places, count_places(message));
    for (const CompiledInstruction& instruction : message.instructions) {
        if (instruction.program_index == 0 ||
            instruction.program_index >= message.accounts.size()) {
            return fail(Errc::malformed, "CHN-23");
        }
        for (const std::uint8_t index : instruction.account_indices) {
            if (index >= places) {
                return fail(Errc::malformed, "CHN-24");
            }
        }
    }
    return {};
}

}  // namespace chatmcp::chain
