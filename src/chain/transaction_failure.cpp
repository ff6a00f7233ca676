#include "chain/transaction_failure.h"

#include <array>
#include <span>
#include <utility>

#include "base/encoding.h"
#include "chain/program_errors_generated.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

using NumberedText = std::pair<std::uint32_t, std::string_view>;

// Spec: spl-token-interface, TokenError: those that a user can meet.
constexpr std::array kTokenErrors = std::to_array<NumberedText>({
    {1, "there are not enough tokens in the account"},
    {3, "the token account is of another mint"},
    {4, "the token account belongs to somebody else"},
    {17, "the token account is frozen"},
});

// Spec: solana-system-interface, SystemError.
constexpr std::array kSystemErrors = std::to_array<NumberedText>({
    {0, "the account exists already"},
    {1, "there are not enough lamports in the account"},
});

std::optional<std::string_view> find_text(std::span<const NumberedText> texts,
                                          std::uint32_t number) {
    for (const auto& [each, text] : texts) {
        if (each == number) {
            return text;
        }
    }
    return std::nullopt;
}

// "Program ID failed: ...": the first such line is by the program that refused, those after it by
// its callers.
std::optional<Address> who_refused(const TransactionFailure& failure) {
    constexpr std::string_view kBefore = "Program ";
    constexpr std::string_view kAfter = " failed: ";
    for (const std::string_view line : failure.logs) {
        const std::size_t end = line.find(kAfter);
        if (line.starts_with(kBefore) && end != std::string_view::npos) {
            const auto id = Address::parse(line.substr(kBefore.size(), end - kBefore.size()));
            return id.has_value() ? std::optional(*id) : std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> custom_text(const Address& refused_by,
                                            std::uint32_t number,
                                            const Address& program) {
    if (refused_by == program) {
        return program_error_text(number);
    }
    if (refused_by == kToken2022Program || refused_by == kTokenProgram) {
        return find_text(kTokenErrors, number);
    }
    if (refused_by == kSystemProgram) {
        return find_text(kSystemErrors, number);
    }
    return std::nullopt;
}

std::string at_instruction(const TransactionFailure& failure) {
    return failure.instruction.has_value()
               ? " at instruction " + to_decimal(*failure.instruction + 1)
               : std::string();
}

}  // namespace

std::optional<std::string_view> program_error_text(std::uint32_t number) {
    return find_text(kProgramErrors, number);
}

std::string transaction_failure_text(const TransactionFailure& failure, const Address& program) {
    if (!failure.custom.has_value()) {
        return failure.name + at_instruction(failure);
    }
    const std::string number = "error " + to_decimal(*failure.custom);
    const std::optional<Address> by = who_refused(failure);
    if (!by.has_value()) {
        return number + at_instruction(failure);
    }
    const auto text = custom_text(*by, *failure.custom, program);
    const std::string where = number + " of program " + by->text() + at_instruction(failure);
    return text.has_value() ? std::string(*text) + " (" + where + ")" : where;
}

}  // namespace chatmcp::chain
