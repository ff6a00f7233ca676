#include "chain/compute_budget.h"

#include <limits>

#include "chain/codec.h"
#include "chain/message.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

enum class Kind : std::uint8_t { unit_limit = 2, unit_price = 3, loaded_accounts = 4 };

constexpr std::uint64_t kMicroLamports = 1'000'000;

Writer begin(Kind kind) {
    Writer writer;
    writer.u8(static_cast<std::uint8_t>(kind));
    return writer;
}

}  // namespace

Result<Instruction> compute_unit_limit(std::uint32_t units) {
    if (units > TransactionConfig::kComputeUnitsMax) {
        return fail(Errc::invalid_argument, "CHN-16");
    }
    Writer data = begin(Kind::unit_limit);
    data.u32(units);
    return Instruction{kComputeBudgetProgram, {}, data.take()};
}

Instruction compute_unit_price(std::uint64_t micro_lamports) {
    Writer data = begin(Kind::unit_price);
    data.u64(micro_lamports);
    return {kComputeBudgetProgram, {}, data.take()};
}

Instruction loaded_accounts_limit(std::uint32_t bytes_max) {
    Writer data = begin(Kind::loaded_accounts);
    data.u32(bytes_max);
    return {kComputeBudgetProgram, {}, data.take()};
}

Result<std::uint64_t> priority_fee_lamports(std::uint32_t units, std::uint64_t micro_lamports) {
    // units * price / 10^6 in two parts, each of which fits 64 bits: the remainder is below 10^6.
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t whole = micro_lamports / kMicroLamports;
    const std::uint64_t part = (micro_lamports % kMicroLamports) * units;
    const std::uint64_t part_lamports =
        part / kMicroLamports + (part % kMicroLamports != 0 ? 1 : 0);
    if (units != 0 && whole > (kMax - part_lamports) / units) {
        return fail(Errc::too_large, "CHN-47");
    }
    return whole * units + part_lamports;
}

}  // namespace chatmcp::chain
