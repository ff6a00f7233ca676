#pragma once

#include <vector>

#include "base/bytes.h"
#include "chain/address.h"

namespace chatmcp::chain {

/// How an instruction uses an account.
struct AccountMeta {
    Address address;
    bool signer = false;
    bool writable = false;

    friend bool operator==(const AccountMeta& a, const AccountMeta& b) = default;
};

[[nodiscard]] inline AccountMeta readonly_account(const Address& address) {
    return {.address = address};
}
[[nodiscard]] inline AccountMeta writable_account(const Address& address) {
    return {.address = address, .writable = true};
}
[[nodiscard]] inline AccountMeta readonly_signer(const Address& address) {
    return {.address = address, .signer = true};
}
[[nodiscard]] inline AccountMeta writable_signer(const Address& address) {
    return {.address = address, .signer = true, .writable = true};
}

/// One call of a program.
struct Instruction {
    Address program;
    std::vector<AccountMeta> accounts;
    Bytes data;

    friend bool operator==(const Instruction& a, const Instruction& b) = default;
};

}  // namespace chatmcp::chain
