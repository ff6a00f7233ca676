#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "base/check.h"
#include "chain/message.h"
#include "chain/message_rules.h"

namespace chatmcp::chain {
namespace {

// Where in the tables of a draft an address is.
struct TablePlace {
    std::size_t table = 0;
    std::uint8_t index = 0;
};

// One account with the sum of its roles. The text is what the order is by.
struct Account {
    Address address;
    std::string text;
    bool signer = false;
    bool writable = false;
    bool invoked = false;
    std::optional<TablePlace> loaded;
};

using Accounts = std::map<Address, Account>;

Account& account_of(Accounts& accounts, const Address& address) {
    Account& account = accounts[address];
    account.address = address;
    return account;
}

Result<Accounts> collect(const Draft& draft) {
    Accounts accounts;
    Account& payer = account_of(accounts, draft.fee_payer);
    payer.signer = true;
    payer.writable = true;
    for (const Instruction& instruction : draft.instructions) {
        if (instruction.accounts.size() > Message::kInstructionAccountsMax ||
            instruction.data.size() > Message::kInstructionDataMaxBytes) {
            return fail(Errc::too_large, "CHN-14");
        }
        account_of(accounts, instruction.program).invoked = true;
        for (const AccountMeta& meta : instruction.accounts) {
            Account& account = account_of(accounts, meta.address);
            account.signer |= meta.signer;
            account.writable |= meta.writable;
        }
    }
    for (const auto& [address, account] : accounts) {
        if (account.invoked && account.writable) {
            return fail(Errc::invalid_argument, "CHN-10");
        }
    }
    return accounts;
}

Result<void> check_tables(const Draft& draft) {
    if (!draft.lookup_tables.empty() && draft.version != MessageVersion::v0) {
        return fail(Errc::invalid_argument, "CHN-15");
    }
    for (auto table = draft.lookup_tables.begin(); table != draft.lookup_tables.end(); ++table) {
        const bool named_before =
            std::any_of(draft.lookup_tables.begin(), table, [&](const AddressLookupTable& earlier) {
                return earlier.address == table->address;
            });
        if (named_before || table->addresses.size() > AddressLookupTable::kAddressesMax) {
            return fail(Errc::invalid_argument, "CHN-15");
        }
    }
    return {};
}

// Signers and invoked programs stand in the message itself.
void load_from_tables(const Draft& draft, Accounts& accounts) {
    for (std::size_t table = 0; table < draft.lookup_tables.size(); ++table) {
        const auto& addresses = draft.lookup_tables[table].addresses;
        for (std::size_t index = 0; index < addresses.size(); ++index) {
            const auto found = accounts.find(addresses[index]);
            if (found == accounts.end()) {
                continue;
            }
            Account& account = found->second;
            if (!account.signer && !account.invoked && !account.loaded) {
                account.loaded = TablePlace{table, static_cast<std::uint8_t>(index)};
            }
        }
    }
}

std::vector<Account> in_order(const Draft& draft, const Accounts& accounts) {
    std::vector<Account> ordered;
    ordered.reserve(accounts.size());
    for (const auto& [address, account] : accounts) {
        ordered.push_back(account);
        ordered.back().text = address.text();
    }
    std::vector<std::string> tables;
    for (const AddressLookupTable& table : draft.lookup_tables) {
        tables.push_back(table.address.text());
    }
    // The fee payer, what stands in the message, what is loaded; each by signers, then writable
    // ones, then table and address.
    const auto rank = [&](const Account& account) {
        return std::tuple(account.address != draft.fee_payer,
                          account.loaded.has_value(),
                          !account.signer,
                          !account.writable);
    };
    std::sort(ordered.begin(), ordered.end(), [&](const Account& a, const Account& b) {
        if (rank(a) != rank(b)) {
            return rank(a) < rank(b);
        }
        if (a.loaded && b.loaded && a.loaded->table != b.loaded->table) {
            return address_text_before(tables[a.loaded->table], tables[b.loaded->table]);
        }
        return address_text_before(a.text, b.text);
    });
    return ordered;
}

void place_static(const Account& account, Message& message) {
    message.accounts.push_back(account.address);
    if (account.signer) {
        ++message.required_signatures;
        message.readonly_signers =
            static_cast<std::uint8_t>(message.readonly_signers + (account.writable ? 0 : 1));
    } else if (!account.writable) {
        ++message.readonly_others;
    }
}

std::vector<TableLookup> lookups_of(const Draft& draft, const std::vector<Account>& ordered) {
    std::vector<TableLookup> lookups;
    for (const Account& account : ordered) {
        if (!account.loaded) {
            continue;
        }
        const Address& table = draft.lookup_tables[account.loaded->table].address;
        auto lookup = std::find_if(lookups.begin(), lookups.end(), [&](const TableLookup& each) {
            return each.table == table;
        });
        if (lookup == lookups.end()) {
            lookup = lookups.insert(lookup, {table, {}, {}});
        }
        Bytes& indices = account.writable ? lookup->writable_indices : lookup->readonly_indices;
        indices.push_back(account.loaded->index);
    }
    std::sort(lookups.begin(), lookups.end(), [](const TableLookup& a, const TableLookup& b) {
        return address_text_before(a.table.text(), b.table.text());
    });
    return lookups;
}

}  // namespace

Result<Message> compile(const Draft& draft) {
    CHATMCP_TRY_VOID(check_tables(draft));
    if (draft.config != TransactionConfig{} && draft.version != MessageVersion::v1) {
        return fail(Errc::invalid_argument, "CHN-16");
    }
    CHATMCP_TRY_VOID(check_config(draft.config));
    CHATMCP_TRY(Accounts accounts, collect(draft));
    const auto signers = std::count_if(
        accounts.begin(), accounts.end(), [](const auto& entry) { return entry.second.signer; });
    CHATMCP_TRY_VOID(check_counts(
        accounts.size(), static_cast<std::size_t>(signers), draft.instructions.size()));
    load_from_tables(draft, accounts);
    const std::vector<Account> ordered = in_order(draft, accounts);

    Message message;
    message.version = draft.version;
    message.lifetime = draft.lifetime;
    message.config = draft.config;
    std::map<Address, std::uint8_t> places;
    for (const Account& account : ordered) {
        places[account.address] = static_cast<std::uint8_t>(places.size());
        if (!account.loaded) {
            place_static(account, message);
        }
    }
    for (const Instruction& instruction : draft.instructions) {
        CompiledInstruction compiled{.program_index = places[instruction.program],
                                     .account_indices = {},
                                     .data = instruction.data};
        for (const AccountMeta& meta : instruction.accounts) {
            compiled.account_indices.push_back(places[meta.address]);
        }
        message.instructions.push_back(std::move(compiled));
    }
    message.lookups = lookups_of(draft, ordered);
    return message;
}

}  // namespace chatmcp::chain
