#include "sbpf/instruction_check.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "sbpf/instruction_set.h"
#include "sbpf/little_endian.h"

namespace chatmcp::sbpf {
namespace {

constexpr std::string_view kExitSlot = "9500000000000000";

/// Instructions in hexadecimal, an exit behind them.
std::string refusal(std::string_view code,
                    Version version = Version::v3,
                    std::vector<std::uint64_t> functions = {0}) {
    const Bytes bytes = from_hex(std::string(code) + std::string(kExitSlot)).value();
    std::uint64_t at = 0;
    const auto checked = check_instructions({.code = bytes, .functions = functions}, version, at);
    return checked.has_value() ? "runs" : checked.error().check;
}

/// One instruction of an operation, with operands that suit most.
std::string refusal_of(std::uint8_t operation, Version version) {
    Bytes slot(kSlotBytes);
    slot[0] = operation;
    slot[4] = 16;
    if (operation == kCall) {
        return "runs";  // Its operand is a number or a distance: tests of their own.
    }
    if (operation == kCallRegister) {
        slot[4] = 0;
    }
    std::string code = to_hex(slot);
    if (operation == kLoadNumber) {
        code += "0000000000000000";
    }
    return refusal(code, version);
}

TEST(InstructionCheck, TheOperationsAreThoseOfEbpfV2AndNoOthers) {
    // Written out from the verifier of sBPF; what it lets through and runs otherwise is left out.
    const std::set<std::uint8_t> both{
        0x18, 0x61, 0x69, 0x71, 0x79, 0x62, 0x6a, 0x72, 0x7a, 0x63, 0x6b, 0x73, 0x7b, 0x34, 0x3c,
        0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c, 0x74, 0x7c, 0x84, 0x94, 0x9c, 0xa4, 0xac, 0xb4, 0xbc,
        0xc4, 0xcc, 0xd4, 0xdc, 0x07, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x47, 0x4f, 0x57,
        0x5f, 0x67, 0x6f, 0x77, 0x7f, 0x87, 0x97, 0x9f, 0xa7, 0xaf, 0xb7, 0xbf, 0xc7, 0xcf, 0x05,
        0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d, 0x55, 0x5d, 0x65, 0x6d, 0x75, 0x7d, 0x85,
        0x8d, 0x95, 0xa5, 0xad, 0xb5, 0xbd, 0xc5, 0xcd, 0xd5, 0xdd};
    const std::set<std::uint8_t> jumps32{0x16, 0x1e, 0x26, 0x2e, 0x36, 0x3e, 0x46, 0x4e,
                                         0x56, 0x5e, 0x66, 0x6e, 0x76, 0x7e, 0xa6, 0xae,
                                         0xb6, 0xbe, 0xc6, 0xce, 0xd6, 0xde};
    const std::set<std::uint8_t> extending{0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c};
    for (int operation = 0; operation <= 0xff; ++operation) {
        const auto byte = static_cast<std::uint8_t>(operation);
        std::string v0 = "SBF-30";
        std::string v3 = v0;
        if (both.contains(byte)) {
            v0 = v3 = "runs";
        } else if (extending.contains(byte)) {
            v0 = v3 = "SBF-31";
        } else if (jumps32.contains(byte)) {
            v0 = "SBF-33";
            v3 = "runs";
        }
        EXPECT_EQ(refusal_of(byte, Version::v0), v0) << operation;
        EXPECT_EQ(refusal_of(byte, Version::v3), v3) << operation;
    }
}

TEST(InstructionCheck, ArithmeticWithAnOffsetIsOfEbpfV4) {
    EXPECT_EQ(refusal("3f12000000000000"), "runs");
    EXPECT_EQ(refusal("3f12010000000000"), "SBF-32");  // r2 s/= r1
    EXPECT_EQ(refusal("9f12010000000000"), "SBF-32");  // r2 s%= r1
    EXPECT_EQ(refusal("bf12080000000000"), "SBF-32");  // r2 = (s8)r1
    EXPECT_EQ(refusal("bc12100000000000"), "SBF-32");  // w2 = (s16)w1
    EXPECT_EQ(refusal("3f12010000000000", Version::v0), "SBF-32");
}

TEST(InstructionCheck, ALoadOfANumberHasTwoSlots) {
    EXPECT_EQ(refusal("18010000010000000000000002000000"), "runs");
    EXPECT_EQ(refusal("1801000001000000"), "SBF-34");                  // Exit as its second half.
    EXPECT_EQ(refusal("18010000010000000001000002000000"), "SBF-34");  // A register in it.
    EXPECT_EQ(refusal("18010000010000000000010002000000"), "SBF-34");  // An offset in it.
    const Bytes last = from_hex("1801000001000000").value();
    std::uint64_t at = 0;
    EXPECT_STREQ(check_instructions({.code = last, .functions = {}}, Version::v3, at).error().check,
                 "SBF-34");
    EXPECT_STREQ(
        check_instructions({.code = ByteView(last).first(7), .functions = {}}, Version::v3, at)
            .error()
            .check,
        "SBF-34");
}

TEST(InstructionCheck, JumpsStayInTheCodeAndMeetInstructions) {
    EXPECT_EQ(refusal("0500000000000000"), "runs");
    EXPECT_EQ(refusal("0500ffff00000000"), "runs");    // To itself.
    EXPECT_EQ(refusal("0500feff00000000"), "SBF-35");  // Before the code.
    EXPECT_EQ(refusal("0500010000000000"), "SBF-35");  // Behind it.
    EXPECT_EQ(refusal("1501010000000000"), "SBF-35");
    EXPECT_EQ(refusal("1601010000000000"), "SBF-35");
    EXPECT_EQ(refusal("150100000000000018010000010000000000000002000000"), "runs");
    EXPECT_EQ(refusal("150101000000000018010000010000000000000002000000"), "SBF-35");
}

TEST(InstructionCheck, CallsAndAddressesStayInTheCodeAndMeetInstructions) {
    EXPECT_EQ(refusal("8510000000000000"), "runs");
    EXPECT_EQ(refusal("8510000001000000"), "SBF-36");
    EXPECT_EQ(refusal("85100000feffffff"), "SBF-36");
    EXPECT_EQ(refusal("85100000ffffff7f"), "SBF-36");
    EXPECT_EQ(refusal("85100000000000000500000000000000"), "runs");
    EXPECT_EQ(refusal("851000000100000018010000010000000000000002000000"), "SBF-36");
    EXPECT_EQ(refusal("8520000000000000"), "SBF-36");  // Of a kind that the kernel has.
    EXPECT_EQ(refusal("", Version::v3, {0}), "runs");
    EXPECT_EQ(refusal("", Version::v3, {8}), "SBF-36");
    EXPECT_EQ(refusal("", Version::v3, {4}), "SBF-36");
    EXPECT_EQ(refusal("18010000010000000000000002000000", Version::v3, {8}), "SBF-36");
    EXPECT_EQ(refusal("", Version::v3, {~std::uint64_t{7}}), "SBF-36");
}

TEST(InstructionCheck, ASystemCallIsAKnownOne) {
    EXPECT_EQ(refusal("85000000bd597520"), "runs");  // sol_log_
    EXPECT_EQ(refusal("85000000bc597520"), "SBF-25");
    EXPECT_EQ(refusal("8500000005000000"), "SBF-25");
}

TEST(InstructionCheck, ACallOfItselfIsNothingThatV0Has) {
    EXPECT_EQ(refusal("85100000ffffffff", Version::v3), "runs");
    EXPECT_EQ(refusal("85100000ffffffff", Version::v0), "SBF-39");
}

TEST(InstructionCheck, RegistersAreThoseThatAreThere) {
    EXPECT_EQ(refusal("bfa9000000000000"), "runs");    // r9 = r10
    EXPECT_EQ(refusal("bf9a000000000000"), "SBF-37");  // r10 = r9
    EXPECT_EQ(refusal("bf0b000000000000"), "SBF-37");
    EXPECT_EQ(refusal("bfb0000000000000"), "SBF-37");
    EXPECT_EQ(refusal("7b1af8ff00000000"), "runs");  // Below the frame pointer.
    EXPECT_EQ(refusal("7b1bf8ff00000000"), "SBF-37");
    EXPECT_EQ(refusal("8d09000000000000"), "runs");
    EXPECT_EQ(refusal("8d0a000000000000"), "SBF-37");
    EXPECT_EQ(refusal("8d10000000000000"), "SBF-37");
    EXPECT_EQ(refusal("8d01000001000000"), "SBF-37");
}

TEST(InstructionCheck, OperandsAreWithinTheirOperation) {
    EXPECT_EQ(refusal("3701000001000000"), "runs");
    EXPECT_EQ(refusal("3701000000000000"), "SBF-38");
    EXPECT_EQ(refusal("9401000000000000"), "SBF-38");
    EXPECT_EQ(refusal("67010000ff000000"), "SBF-38");
    EXPECT_EQ(refusal("670100003f000000"), "runs");
    EXPECT_EQ(refusal("7701000040000000"), "SBF-38");
    EXPECT_EQ(refusal("c7010000ffffffff"), "SBF-38");
    EXPECT_EQ(refusal("6401000020000000"), "SBF-38");
    EXPECT_EQ(refusal("dc01000020000000"), "runs");
    EXPECT_EQ(refusal("dc01000008000000"), "SBF-38");
    EXPECT_EQ(refusal("d401000011000000"), "SBF-38");
}

TEST(InstructionCheck, SaysWhichInstructionItRefused) {
    const Bytes code =
        from_hex("0500000000000000040100000100000095000000000000009500000000000000").value();
    std::uint64_t at = 0;
    EXPECT_FALSE(check_instructions({.code = code, .functions = {}}, Version::v3, at).has_value());
    EXPECT_EQ(at, 8u);
}

}  // namespace
}  // namespace chatmcp::sbpf
