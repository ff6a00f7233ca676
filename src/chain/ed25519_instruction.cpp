#include "chain/ed25519_instruction.h"

#include "chain/codec.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

constexpr std::size_t kHeadBytes = 2;
constexpr std::size_t kOffsetsBytes = 14;
constexpr std::uint16_t kThisInstruction = 0xffff;

Result<void> check_count(std::size_t count) {
    if (count == 0 || count > kSignedStatementsMax) {
        return fail(Errc::invalid_argument, "CHN-50");
    }
    return {};
}

// Where the parts of one statement are.
struct Offsets {
    std::size_t key = 0;
    std::size_t signature = 0;
    std::size_t message = 0;
    std::size_t end = 0;
};

Offsets offsets_of(std::size_t start, std::size_t message_bytes) {
    const std::size_t signature = start + Address::kBytes;
    const std::size_t message = signature + sizeof(Signature);
    return {start, signature, message, message + message_bytes};
}

void write_offsets(Writer& writer, const Offsets& at) {
    const auto place = [&](std::size_t offset) { writer.u16(static_cast<std::uint16_t>(offset)); };
    place(at.signature);
    writer.u16(kThisInstruction);
    place(at.key);
    writer.u16(kThisInstruction);
    place(at.message);
    place(at.end - at.message);
    writer.u16(kThisInstruction);
}

// One row of offsets as it was written: only the message's size is free.
Result<Offsets> read_offsets(Reader& reader, std::size_t start) {
    CHATMCP_TRY(const std::uint16_t signature, reader.u16());
    CHATMCP_TRY(const std::uint16_t signature_index, reader.u16());
    CHATMCP_TRY(const std::uint16_t key, reader.u16());
    CHATMCP_TRY(const std::uint16_t key_index, reader.u16());
    CHATMCP_TRY(const std::uint16_t message, reader.u16());
    CHATMCP_TRY(const std::uint16_t message_bytes, reader.u16());
    CHATMCP_TRY(const std::uint16_t message_index, reader.u16());
    const Offsets expected = offsets_of(start, message_bytes);
    if (signature_index != kThisInstruction || key_index != kThisInstruction ||
        message_index != kThisInstruction || signature != expected.signature ||
        key != expected.key || message != expected.message) {
        return fail(Errc::malformed, "CHN-52");
    }
    return expected;
}

}  // namespace

Result<Instruction> ed25519_instruction(const std::vector<SignedStatement>& statements) {
    CHATMCP_TRY_VOID(check_count(statements.size()));
    Writer data;
    data.u8(static_cast<std::uint8_t>(statements.size()));
    data.u8(0);
    std::size_t start = kHeadBytes + kOffsetsBytes * statements.size();
    for (const SignedStatement& statement : statements) {
        const Offsets at = offsets_of(start, statement.message.size());
        if (at.end > kCompactMax) {
            return fail(Errc::too_large, "CHN-51");
        }
        write_offsets(data, at);
        start = at.end;
    }
    for (const SignedStatement& statement : statements) {
        data.fixed(statement.signer.bytes);
        data.fixed(statement.signature);
        data.fixed(statement.message);
    }
    return Instruction{kEd25519Program, {}, data.take()};
}

Result<std::vector<SignedStatement>> decode_ed25519_instruction(const Instruction& instruction) {
    if (instruction.program != kEd25519Program || !instruction.accounts.empty()) {
        return fail(Errc::wrong_key, "CHN-53");
    }
    Reader reader(instruction.data);
    CHATMCP_TRY(const std::uint8_t count, reader.u8());
    CHATMCP_TRY_VOID(check_count(count));
    CHATMCP_TRY(const std::uint8_t padding, reader.u8());
    if (padding != 0) {
        return fail(Errc::malformed, "CHN-52");
    }
    std::vector<Offsets> places;
    std::size_t start = kHeadBytes + kOffsetsBytes * count;
    for (std::size_t i = 0; i < count; ++i) {
        CHATMCP_TRY(const Offsets at, read_offsets(reader, start));
        places.push_back(at);
        start = at.end;
    }
    std::vector<SignedStatement> statements;
    for (const Offsets& at : places) {
        SignedStatement statement;
        CHATMCP_TRY(statement.signer.bytes, reader.array<Address::kBytes>());
        CHATMCP_TRY(statement.signature, reader.array<sizeof(Signature)>());
        CHATMCP_TRY(const ByteView message, reader.fixed(at.end - at.message));
        statement.message = to_bytes(message);
        statements.push_back(std::move(statement));
    }
    CHATMCP_TRY_VOID(reader.finish());
    return statements;
}

}  // namespace chatmcp::chain
