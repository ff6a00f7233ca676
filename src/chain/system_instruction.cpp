#include "chain/system_instruction.h"

#include "chain/codec.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

// The first four bytes of the data.
enum class Kind : std::uint32_t {
    create_account = 0,
    assign = 1,
    transfer = 2,
    advance_nonce = 4,
    allocate = 8,
};

Writer begin(Kind kind) {
    Writer writer;
    writer.u32(static_cast<std::uint32_t>(kind));
    return writer;
}

}  // namespace

Instruction system_transfer(const Address& from, const Address& to, std::uint64_t lamports) {
    Writer data = begin(Kind::transfer);
    data.u64(lamports);
    return {kSystemProgram, {writable_signer(from), writable_account(to)}, data.take()};
}

Instruction system_create_account(const Address& payer,
                                  const Address& account,
                                  std::uint64_t lamports,
                                  std::uint64_t size_bytes,
                                  const Address& owner) {
    Writer data = begin(Kind::create_account);
    data.u64(lamports);
    data.u64(size_bytes);
    data.fixed(owner.bytes);
    return {kSystemProgram, {writable_signer(payer), writable_signer(account)}, data.take()};
}

Instruction system_allocate(const Address& account, std::uint64_t size_bytes) {
    Writer data = begin(Kind::allocate);
    data.u64(size_bytes);
    return {kSystemProgram, {writable_signer(account)}, data.take()};
}

Instruction system_assign(const Address& account, const Address& owner) {
    Writer data = begin(Kind::assign);
    data.fixed(owner.bytes);
    return {kSystemProgram, {writable_signer(account)}, data.take()};
}

Instruction system_advance_nonce(const Address& nonce, const Address& authority) {
    return {kSystemProgram,
            {writable_account(nonce),
             readonly_account(kRecentBlockhashesSysvar),
             readonly_signer(authority)},
            begin(Kind::advance_nonce).take()};
}

}  // namespace chatmcp::chain
