#include "chain/rpc_reply.h"

#include <limits>
#include <utility>

#include "base/encoding.h"

namespace chatmcp::chain {
namespace {

using attest::JsonValue;
using Type = JsonValue::Type;

/// Stamps of a busy program, eleven values each.
constexpr std::size_t kValuesMax = 4'000'000;
constexpr std::size_t kDepthMax = 24;

std::unexpected<Error> other_shape() {
    return fail(Errc::malformed, "CHN-92");
}

// The member of an object, of this type.
Result<const JsonValue*> member(const JsonValue& object, std::string_view name, Type type) {
    const JsonValue* const found = object.find(name);
    if (object.type != Type::object || found == nullptr || found->type != type) {
        return other_shape();
    }
    return found;
}

Result<std::uint64_t> number_in(const JsonValue& object, std::string_view name) {
    CHATMCP_TRY(const JsonValue* const value, member(object, name, Type::number));
    return value->number;
}

Result<Address> address_in(const JsonValue& object, std::string_view name) {
    CHATMCP_TRY(const JsonValue* const value, member(object, name, Type::text));
    const auto address = Address::parse(value->text);
    if (!address.has_value()) {
        return other_shape();
    }
    return *address;
}

// {"context": {"slot": n}, "value": ...}
struct InContext {
    std::uint64_t slot;
    const JsonValue* value;
};

Result<InContext> in_context(const JsonValue& result) {
    CHATMCP_TRY(const JsonValue* const context, member(result, "context", Type::object));
    CHATMCP_TRY(const std::uint64_t slot, number_in(*context, "slot"));
    const JsonValue* const value = result.find("value");
    if (value == nullptr) {
        return other_shape();
    }
    return InContext{slot, value};
}

// ["<base64>", "base64"]
Result<Bytes> encoded_bytes(const JsonValue& value) {
    if (value.type != Type::array || value.items.size() != 2 || value.items[0].type != Type::text ||
        value.items[1].text != "base64") {
        return other_shape();
    }
    auto bytes = from_base64(value.items[0].text);
    if (!bytes.has_value()) {
        return other_shape();
    }
    return *std::move(bytes);
}

Result<RpcAccount> read_account(const JsonValue& value) {
    RpcAccount account;
    CHATMCP_TRY(account.owner, address_in(value, "owner"));
    CHATMCP_TRY(account.lamports, number_in(value, "lamports"));
    CHATMCP_TRY(const JsonValue* const executable, member(value, "executable", Type::boolean));
    account.executable = executable->boolean;
    CHATMCP_TRY(const JsonValue* const data, member(value, "data", Type::array));
    CHATMCP_TRY(account.data, encoded_bytes(*data));
    return account;
}

// An instruction's error: "InvalidArgument", {"Custom": 31} or {"BorshIoError": "..."}.
Result<void> read_instruction_error(const JsonValue& value, TransactionFailure& failure) {
    if (value.type == Type::text) {
        failure.name = value.text;
        return {};
    }
    if (value.type != Type::object || value.names.size() != 1) {
        return other_shape();
    }
    failure.name = value.names[0];
    if (failure.name == "Custom") {
        CHATMCP_TRY(const std::uint64_t number, number_in(value, "Custom"));
        if (number > std::numeric_limits<std::uint32_t>::max()) {
            return other_shape();
        }
        failure.custom = static_cast<std::uint32_t>(number);
    }
    return {};
}

// Null where it succeeded.
Result<std::optional<TransactionFailure>> read_failure(const JsonValue& object) {
    const JsonValue* const error = object.find("err");
    if (object.type != Type::object || error == nullptr) {
        return other_shape();
    }
    if (error->type == Type::null) {
        return std::optional<TransactionFailure>{};
    }
    TransactionFailure failure;
    if (error->type == Type::text) {
        failure.name = error->text;
        return std::optional(std::move(failure));
    }
    if (error->type != Type::object || error->names.size() != 1) {
        return other_shape();
    }
    failure.name = error->names[0];
    if (failure.name == "InstructionError") {
        const JsonValue& at = error->items[0];
        if (at.type != Type::array || at.items.size() != 2 || at.items[0].type != Type::number) {
            return other_shape();
        }
        failure.instruction = at.items[0].number;
        CHATMCP_TRY_VOID(read_instruction_error(at.items[1], failure));
    }
    return std::optional(std::move(failure));
}

Result<std::vector<std::string>> read_logs(const JsonValue& object) {
    std::vector<std::string> logs;
    const JsonValue* const list = object.find("logs");
    if (list == nullptr || list->type == Type::null) {
        return logs;
    }
    if (list->type != Type::array) {
        return other_shape();
    }
    for (const JsonValue& line : list->items) {
        if (line.type != Type::text) {
            return other_shape();
        }
        logs.push_back(line.text);
    }
    return logs;
}

// An outcome with its logs, as simulation has it.
Result<std::optional<TransactionFailure>> read_failure_with_logs(const JsonValue& object) {
    CHATMCP_TRY(std::optional<TransactionFailure> failure, read_failure(object));
    if (failure.has_value()) {
        CHATMCP_TRY(failure->logs, read_logs(object));
    }
    return failure;
}

Result<RpcFailure> read_rpc_failure(const JsonValue& error) {
    RpcFailure failure;
    const JsonValue* const code = error.find("code");
    const JsonValue* const message = error.find("message");
    constexpr std::uint64_t kCodeMax = 1U << 31U;
    const bool whole =
        code != nullptr && (code->type == Type::number || code->type == Type::negative);
    if (!whole || code->number > kCodeMax || message == nullptr || message->type != Type::text) {
        return fail(Errc::malformed, "CHN-90");
    }
    failure.code = static_cast<std::int64_t>(code->number);
    if (code->type == Type::negative) {
        failure.code = -failure.code;
    }
    failure.message = message->text;
    const JsonValue* const data = error.find("data");
    if (data != nullptr && data->find("err") != nullptr) {
        CHATMCP_TRY(failure.transaction, read_failure_with_logs(*data));
    }
    return failure;
}

Result<Commitment> read_commitment(const JsonValue& status) {
    CHATMCP_TRY(const JsonValue* const name, member(status, "confirmationStatus", Type::text));
    for (const Commitment each :
         {Commitment::processed, Commitment::confirmed, Commitment::finalized}) {
        if (name->text == commitment_name(each)) {
            return each;
        }
    }
    return other_shape();
}

}  // namespace

Result<RpcReply> decode_rpc_reply(std::string_view text, std::uint64_t id) {
    auto json = attest::parse_json(
        text, {.natural_numbers_only = false, .depth_max = kDepthMax, .values_max = kValuesMax});
    if (!json.has_value() || json->type != Type::object) {
        return fail(Errc::malformed, "CHN-90");
    }
    const JsonValue* const version = json->find("jsonrpc");
    const JsonValue* const error = json->find("error");
    const JsonValue* const result = json->find("result");
    if (version == nullptr || version->text != "2.0" || (error == nullptr) == (result == nullptr)) {
        return fail(Errc::malformed, "CHN-90");
    }
    const JsonValue* const answered = json->find("id");
    if (answered == nullptr || answered->type != Type::number || answered->number != id) {
        return fail(Errc::malformed, "CHN-91");
    }
    RpcReply reply;
    if (error != nullptr) {
        CHATMCP_TRY(reply.failure, read_rpc_failure(*error));
    } else {
        reply.result = *result;
    }
    return reply;
}

Result<ByteArray<32>> read_genesis_hash(const JsonValue& result) {
    const auto hash = Address::parse(result.text);
    if (result.type != Type::text || !hash.has_value()) {
        return other_shape();
    }
    return hash->bytes;
}

Result<std::uint64_t> read_number(const JsonValue& result) {
    if (result.type != Type::number) {
        return other_shape();
    }
    return result.number;
}

Result<std::string> read_signature(const JsonValue& result) {
    constexpr std::size_t kSignatureBytes = 64;
    const auto bytes = from_base58(result.text);
    if (result.type != Type::text || !bytes.has_value() || bytes->size() != kSignatureBytes) {
        return other_shape();
    }
    return result.text;
}

Result<LatestBlockhash> read_latest_blockhash(const JsonValue& result) {
    CHATMCP_TRY(const InContext found, in_context(result));
    CHATMCP_TRY(const Address blockhash, address_in(*found.value, "blockhash"));
    CHATMCP_TRY(const std::uint64_t height, number_in(*found.value, "lastValidBlockHeight"));
    return LatestBlockhash{found.slot, blockhash.bytes, height};
}

Result<RpcAccounts> read_accounts(const JsonValue& result, std::size_t count) {
    CHATMCP_TRY(const InContext found, in_context(result));
    if (found.value->type != Type::array || found.value->items.size() != count) {
        return other_shape();
    }
    RpcAccounts out{.slot = found.slot, .accounts = {}};
    for (const JsonValue& value : found.value->items) {
        if (value.type == Type::null) {
            out.accounts.emplace_back();
            continue;
        }
        CHATMCP_TRY(out.accounts.emplace_back(), read_account(value));
    }
    return out;
}

Result<RpcProgramAccounts> read_program_accounts(const JsonValue& result) {
    CHATMCP_TRY(const InContext found, in_context(result));
    if (found.value->type != Type::array) {
        return other_shape();
    }
    RpcProgramAccounts out{.slot = found.slot, .accounts = {}};
    for (const JsonValue& value : found.value->items) {
        CHATMCP_TRY(const Address address, address_in(value, "pubkey"));
        CHATMCP_TRY(const JsonValue* const account, member(value, "account", Type::object));
        CHATMCP_TRY(RpcAccount read, read_account(*account));
        out.accounts.emplace_back(address, std::move(read));
    }
    return out;
}

Result<std::vector<std::uint64_t>> read_prioritization_fees(const JsonValue& result) {
    if (result.type != Type::array) {
        return other_shape();
    }
    std::vector<std::uint64_t> fees;
    for (const JsonValue& each : result.items) {
        CHATMCP_TRY(fees.emplace_back(), number_in(each, "prioritizationFee"));
    }
    return fees;
}

namespace {

// Of the one account that simulate_transaction asks for; old nodes, and failures, tell none.
Result<std::optional<std::uint64_t>> read_payer(const JsonValue& simulation) {
    const JsonValue* const accounts = simulation.find("accounts");
    if (accounts == nullptr || accounts->type == Type::null) {
        return std::optional<std::uint64_t>();
    }
    if (accounts->type != Type::array || accounts->items.size() != 1) {
        return other_shape();
    }
    if (accounts->items.front().type == Type::null) {
        return std::optional<std::uint64_t>(0);
    }
    CHATMCP_TRY(const RpcAccount account, read_account(accounts->items.front()));
    return std::optional(account.lamports);
}

}  // namespace

Result<Simulation> read_simulation(const JsonValue& result) {
    CHATMCP_TRY(const InContext found, in_context(result));
    Simulation out;
    CHATMCP_TRY(out.failure, read_failure_with_logs(*found.value));
    const JsonValue* const units = found.value->find("unitsConsumed");
    if (units != nullptr && units->type == Type::number) {
        out.units_consumed = units->number;
    }
    CHATMCP_TRY(out.payer_lamports, read_payer(*found.value));
    return out;
}

Result<std::vector<std::optional<SignatureStatus>>> read_signature_statuses(const JsonValue& result,
                                                                            std::size_t count) {
    CHATMCP_TRY(const InContext found, in_context(result));
    if (found.value->type != Type::array || found.value->items.size() != count) {
        return other_shape();
    }
    std::vector<std::optional<SignatureStatus>> out;
    for (const JsonValue& value : found.value->items) {
        if (value.type == Type::null) {
            out.emplace_back();
            continue;
        }
        SignatureStatus status;
        CHATMCP_TRY(status.slot, number_in(value, "slot"));
        CHATMCP_TRY(status.commitment, read_commitment(value));
        CHATMCP_TRY(status.failure, read_failure(value));
        out.emplace_back(std::move(status));
    }
    return out;
}

Result<std::optional<DoneTransaction>> read_transaction(const JsonValue& result) {
    if (result.type == Type::null) {
        return std::optional<DoneTransaction>{};
    }
    DoneTransaction done;
    CHATMCP_TRY(done.slot, number_in(result, "slot"));
    CHATMCP_TRY(const JsonValue* const bytes, member(result, "transaction", Type::array));
    CHATMCP_TRY(done.transaction, encoded_bytes(*bytes));
    CHATMCP_TRY(const JsonValue* const meta, member(result, "meta", Type::object));
    CHATMCP_TRY(done.failure, read_failure(*meta));
    return std::optional(std::move(done));
}

}  // namespace chatmcp::chain
