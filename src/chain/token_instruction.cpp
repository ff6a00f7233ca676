#include "chain/token_instruction.h"

#include "chain/codec.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

// The first byte of the data.
enum class Kind : std::uint8_t { close_account = 9, transfer_checked = 12, burn_checked = 15 };

constexpr std::uint8_t kCreateIdempotent = 1;

Bytes amount_data(Kind kind, std::uint64_t amount, std::uint8_t decimals) {
    Writer data;
    data.u8(static_cast<std::uint8_t>(kind));
    data.u64(amount);
    data.u8(decimals);
    return data.take();
}

}  // namespace

Instruction token_transfer_checked(const TokenTransfer& transfer) {
    return {transfer.token_program,
            {writable_account(transfer.source),
             readonly_account(transfer.mint),
             writable_account(transfer.destination),
             readonly_signer(transfer.owner)},
            amount_data(Kind::transfer_checked, transfer.amount, transfer.decimals)};
}

Instruction token_burn_checked(const TokenBurn& burn) {
    return {
        burn.token_program,
        {writable_account(burn.source), writable_account(burn.mint), readonly_signer(burn.owner)},
        amount_data(Kind::burn_checked, burn.amount, burn.decimals)};
}

Instruction token_close_account(const Address& token_program,
                                const Address& account,
                                const Address& destination,
                                const Address& owner) {
    return {token_program,
            {writable_account(account), writable_account(destination), readonly_signer(owner)},
            {static_cast<std::uint8_t>(Kind::close_account)}};
}

Instruction create_associated_token(const Address& payer,
                                    const Address& owner,
                                    const Address& token_program,
                                    const Address& mint) {
    return {kAssociatedTokenProgram,
            {writable_signer(payer),
             writable_account(associated_token_address(owner, token_program, mint).address),
             readonly_account(owner),
             readonly_account(mint),
             readonly_account(kSystemProgram),
             readonly_account(token_program)},
            {kCreateIdempotent}};
}

}  // namespace chatmcp::chain
