#include "signatures.h"

namespace chatmcp::program {
namespace {

uint16_t read_u16(const uint8_t* at) {
    return static_cast<uint16_t>(at[0] | at[1] << 8);
}

// Spec: the instructions sysvar, construct_instructions_data: count, an offset for each
// instruction, then each as its number of accounts, flags and key of each, program, size and data.

// Spec: the Ed25519 program, Ed25519SignatureOffsets.
constexpr uint64_t kHeadBytes = 2;
constexpr uint64_t kOffsetsBytes = 14;
constexpr uint64_t kSignedBytes = 32 + 64 + 32;
constexpr uint16_t kThisInstruction = 0xffff;

struct Found {
    const uint8_t* data;
    uint64_t data_bytes;
};

Error find_instruction(const AccountInfo& sysvar, uint8_t number, Found& found) {
    CHATMCP_REQUIRE(same(*sysvar.key, kInstructionsSysvar), wrong_instructions_sysvar);
    const uint8_t* const data = sysvar.data;
    CHATMCP_REQUIRE(number < read_u16(data), signature_instruction_absent);
    const uint8_t* at = data + read_u16(data + 2 + 2 * uint64_t{number});
    // An instruction of the Ed25519 program has no accounts.
    CHATMCP_REQUIRE(read_u16(at) == 0, signature_wrong_program);
    at += 2;
    CHATMCP_REQUIRE(same(*reinterpret_cast<const Key*>(at), kEd25519Program),
                    signature_wrong_program);
    at += sizeof(Key);
    found = {at + 2, read_u16(at)};
    return Error::none;
}

Error check_offsets(const uint8_t* offsets, uint64_t start) {
    CHATMCP_REQUIRE(read_u16(offsets + 2) == kThisInstruction &&
                        read_u16(offsets + 6) == kThisInstruction &&
                        read_u16(offsets + 12) == kThisInstruction,
                    signature_elsewhere);
    CHATMCP_REQUIRE(read_u16(offsets + 4) == start && read_u16(offsets) == start + 32 &&
                        read_u16(offsets + 8) == start + 96 &&
                        read_u16(offsets + 10) == sizeof(Digest),
                    signature_layout);
    return Error::none;
}

}  // namespace

SignedDigest Signatures::operator[](uint64_t index) const {
    const uint8_t* const at = first + index * kSignedBytes;
    return {reinterpret_cast<const Key*>(at), reinterpret_cast<const Digest*>(at + 96)};
}

Error read_signatures(const AccountInfo& instructions_sysvar,
                      uint8_t instruction,
                      Signatures& signatures) {
    Found found{};
    CHATMCP_CHECKED(find_instruction(instructions_sysvar, instruction, found));
    CHATMCP_REQUIRE(found.data_bytes >= kHeadBytes, signature_layout);
    const uint64_t count = found.data[0];
    CHATMCP_REQUIRE(within(count, 1, kSignaturesMax), signature_count);
    const uint64_t parts = kHeadBytes + count * kOffsetsBytes;
    CHATMCP_REQUIRE(found.data[1] == 0 && found.data_bytes == parts + count * kSignedBytes,
                    signature_layout);
    for (uint64_t i = 0; i < count; ++i) {
        CHATMCP_CHECKED(
            check_offsets(found.data + kHeadBytes + i * kOffsetsBytes, parts + i * kSignedBytes));
    }
    signatures = {found.data + parts, count};
    return Error::none;
}

Error check_signature(const AccountInfo& instructions_sysvar,
                      const SignatureAt& at,
                      const Key& key,
                      const Digest& digest) {
    Signatures signatures{};
    CHATMCP_CHECKED(read_signatures(instructions_sysvar, at.instruction, signatures));
    CHATMCP_REQUIRE(at.signature < signatures.count, signature_count);
    const SignedDigest signed_digest = signatures[at.signature];
    CHATMCP_REQUIRE(same(*signed_digest.key, key), signature_wrong_key);
    CHATMCP_REQUIRE(same(*signed_digest.digest, digest), signature_wrong_message);
    return Error::none;
}

}  // namespace chatmcp::program
