// Replies of a Solana node: whatever it says, it is read as each method's result or refused.

#include <cstdint>

#include "chain/rpc_reply.h"
#include "chain/transaction_failure.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chatmcp;
    const auto reply = chain::decode_rpc_reply(as_text({data, size}), 1);
    if (!reply.has_value()) {
        return 0;
    }
    if (reply->failure.has_value() && reply->failure->transaction.has_value()) {
        static_cast<void>(chain::transaction_failure_text(*reply->failure->transaction, {}));
    }
    const attest::JsonValue& result = reply->result;
    static_cast<void>(chain::read_genesis_hash(result));
    static_cast<void>(chain::read_number(result));
    static_cast<void>(chain::read_signature(result));
    static_cast<void>(chain::read_latest_blockhash(result));
    static_cast<void>(chain::read_accounts(result, 1));
    static_cast<void>(chain::read_program_accounts(result));
    static_cast<void>(chain::read_prioritization_fees(result));
    static_cast<void>(chain::read_signature_statuses(result, 1));
    static_cast<void>(chain::read_transaction(result));
    const auto simulation = chain::read_simulation(result);
    if (simulation.has_value() && simulation->failure.has_value()) {
        static_cast<void>(chain::transaction_failure_text(*simulation->failure, {}));
    }
    return 0;
}
