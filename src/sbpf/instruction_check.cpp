#include "sbpf/instruction_check.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "sbpf/instruction_set.h"
#include "sbpf/little_endian.h"
#include "sbpf/system_calls.h"

namespace chatmcp::sbpf {
namespace {

// The upper four bits of an arithmetic operation.
enum class Alu : std::uint8_t {
    add = 0x0,
    sub = 0x1,
    mul = 0x2,
    div = 0x3,
    lsh = 0x6,
    rsh = 0x7,
    neg = 0x8,
    mod = 0x9,
    arsh = 0xc,
    end = 0xd,
};
// The upper four bits of jumps: 0 is an unconditional one, these two are calls and exit.
constexpr std::uint8_t kJumpCall = 0x8;
constexpr std::uint8_t kJumpExit = 0x9;
constexpr std::uint8_t kOperationMax = 0xd;

struct Instruction {
    std::uint8_t operation = 0;
    std::uint8_t target = 0;  // Destination register.
    std::uint8_t source = 0;  // Source register.
    std::int16_t offset = 0;
    std::int32_t immediate = 0;

    [[nodiscard]] std::uint8_t class_bits() const { return operation & kClassMask; }
    [[nodiscard]] std::uint8_t code() const { return static_cast<std::uint8_t>(operation >> 4); }
    [[nodiscard]] Alu alu() const { return static_cast<Alu>(code()); }
    [[nodiscard]] bool has_source() const { return (operation & kSourceRegister) != 0; }
    [[nodiscard]] bool is_alu() const {
        return class_bits() == kClassAlu32 || class_bits() == kClassAlu64;
    }
    [[nodiscard]] bool is_conditional_or_plain_jump() const {
        return class_bits() == kClassJump32 ||
               (class_bits() == kClassJump && code() != kJumpCall && code() != kJumpExit);
    }
};

Instruction instruction_at(ByteView code, std::size_t at) {
    return {.operation = code[at],
            .target = static_cast<std::uint8_t>(code[at + 1] & 0x0f),
            .source = static_cast<std::uint8_t>(code[at + 1] >> 4),
            .offset = number_at<std::int16_t>(code, at + 2),
            .immediate = number_at<std::int32_t>(code, at + 4)};
}

/// The operations of eBPF v2, which both versions of sBPF run, and the 32-bit jumps of v3.
bool is_known(const Instruction& instruction) {
    const std::uint8_t operation = instruction.operation;
    switch (instruction.class_bits()) {
        case kClassLoad:
            return operation == kLoadNumber;
        case kClassLoadRegister:
        case kClassStore:
        case kClassStoreRegister:
            return (operation & kModeMask) == kModeMemory;
        case kClassAlu32:
        case kClassAlu64:
            if (instruction.alu() == Alu::neg) {
                return !instruction.has_source();
            }
            if (instruction.alu() == Alu::end) {
                return instruction.class_bits() == kClassAlu32;  // The other one is bswap of v4.
            }
            return instruction.code() <= kOperationMax;
        case kClassJump:
            if (instruction.code() == kJumpCall) {
                return true;
            }
            if (instruction.code() == 0 || instruction.code() == kJumpExit) {
                return !instruction.has_source();
            }
            return instruction.code() <= kOperationMax;
        default:
            return instruction.code() != 0 && instruction.code() != kJumpCall &&
                   instruction.code() != kJumpExit && instruction.code() <= kOperationMax;
    }
}

Result<void> check_operation(const Instruction& instruction, Version version) {
    if (!is_known(instruction)) {
        return fail(Errc::unsupported, "SBF-30");
    }
    if (instruction.class_bits() == kClassAlu32 &&
        (instruction.alu() == Alu::add || instruction.alu() == Alu::sub ||
         instruction.alu() == Alu::mul)) {
        return fail(Errc::unsupported, "SBF-31");
    }
    // The verifier does not look at the offset: sdiv would run as div, movsx as mov.
    if (instruction.is_alu() && instruction.offset != 0) {
        return fail(Errc::unsupported, "SBF-32");
    }
    if (instruction.class_bits() == kClassJump32 && version == Version::v0) {
        return fail(Errc::unsupported, "SBF-33");
    }
    return {};
}

Result<void> check_registers(const Instruction& instruction) {
    const bool stores =
        instruction.class_bits() == kClassStore || instruction.class_bits() == kClassStoreRegister;
    const std::uint8_t target_max = stores ? kFramePointer : kFramePointer - 1;
    if (instruction.target > target_max || instruction.source > kFramePointer) {
        return fail(Errc::malformed, "SBF-37");
    }
    // The register is in one field alone, where v0 has it in another one.
    if (instruction.operation == kCallRegister &&
        (instruction.source != 0 || instruction.immediate != 0)) {
        return fail(Errc::malformed, "SBF-37");
    }
    return {};
}

Result<void> check_operands(const Instruction& instruction) {
    if (!instruction.is_alu()) {
        return {};
    }
    const std::int32_t value = instruction.immediate;
    const std::int32_t bits = instruction.class_bits() == kClassAlu64 ? 64 : 32;
    bool good = true;
    switch (instruction.alu()) {
        case Alu::end:
            good = value == 16 || value == 32 || value == 64;
            break;
        case Alu::div:
        case Alu::mod:
            good = instruction.has_source() || value != 0;
            break;
        case Alu::lsh:
        case Alu::rsh:
        case Alu::arsh:
            good = instruction.has_source() || (value >= 0 && value < bits);
            break;
        default:
            break;
    }
    return good ? Result<void>() : fail(Errc::malformed, "SBF-38");
}

class Checker {
  public:
    Checker(const LinkedCode& linked, Version version, std::uint64_t& at)
        : linked_(linked), code_(linked.code), version_(version), at_(at) {}

    Result<void> run() {
        CHATMCP_TRY_VOID(find_starts());
        for (std::size_t slot = 0; slot < starts_.size(); ++slot) {
            if (starts_[slot]) {
                CHATMCP_TRY_VOID(check_at(slot));
            }
        }
        for (const std::uint64_t function : linked_.functions) {
            at_ = function;
            if (function % kSlotBytes != 0 ||
                !is_start(static_cast<std::int64_t>(function / kSlotBytes))) {
                return fail(Errc::malformed, "SBF-36");
            }
        }
        return {};
    }

  private:
    /// Where instructions begin: every slot but the second of a load of a number.
    Result<void> find_starts() {
        at_ = code_.size() - code_.size() % kSlotBytes;
        if (code_.size() % kSlotBytes != 0) {
            return fail(Errc::malformed, "SBF-34");
        }
        starts_.assign(code_.size() / kSlotBytes, true);
        for (std::size_t slot = 0; slot < starts_.size(); ++slot) {
            at_ = slot * kSlotBytes;
            if (code_[slot * kSlotBytes] != kLoadNumber) {
                continue;
            }
            ++slot;
            // Operation, registers and offset of the second slot are 0.
            if (slot == starts_.size() || number_at<std::uint32_t>(code_, slot * kSlotBytes) != 0) {
                return fail(Errc::malformed, "SBF-34");
            }
            starts_[slot] = false;
        }
        return {};
    }

    [[nodiscard]] bool is_start(std::int64_t slot) const {
        return slot >= 0 && slot < std::ssize(starts_) && starts_[static_cast<std::size_t>(slot)];
    }

    Result<void> check_at(std::size_t slot) {
        at_ = slot * kSlotBytes;
        const Instruction instruction = instruction_at(code_, slot * kSlotBytes);
        CHATMCP_TRY_VOID(check_operation(instruction, version_));
        CHATMCP_TRY_VOID(check_operands(instruction));
        const auto next = static_cast<std::int64_t>(slot) + 1;
        if (instruction.is_conditional_or_plain_jump() && !is_start(next + instruction.offset)) {
            return fail(Errc::malformed, "SBF-35");
        }
        if (instruction.operation == kCall) {
            CHATMCP_TRY_VOID(check_call(instruction, next));
        }
        return check_registers(instruction);
    }

    [[nodiscard]] Result<void> check_call(const Instruction& call, std::int64_t next) const {
        if (call.source == kCallSystem) {
            const auto number = std::bit_cast<std::uint32_t>(call.immediate);
            return system_call_name(number).has_value() ? Result<void>()
                                                        : fail(Errc::unsupported, "SBF-25");
        }
        if (call.source != kCallFunction || !is_start(next + call.immediate)) {
            return fail(Errc::malformed, "SBF-36");
        }
        // The loader of v0 takes -1 for a call that it has to resolve by a name.
        if (version_ == Version::v0 && call.immediate == -1) {
            return fail(Errc::unsupported, "SBF-39");
        }
        return {};
    }

    LinkedCode linked_;
    ByteView code_;
    Version version_;
    std::uint64_t& at_;
    std::vector<bool> starts_;
};

}  // namespace

Result<void> check_instructions(const LinkedCode& linked, Version version, std::uint64_t& at) {
    return Checker(linked, version, at).run();
}

}  // namespace chatmcp::sbpf
