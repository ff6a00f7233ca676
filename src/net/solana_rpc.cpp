#include "net/solana_rpc.h"

#include <algorithm>
#include <ranges>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/bytes.h"
#include "net/http_document.h"

namespace chatmcp::net {
namespace {

using attest::JsonValue;

// Endpoints are a slot or two apart: what differs is asked again before it is a contradiction.
constexpr int kAskedAtMost = 5;
constexpr std::chrono::milliseconds kBeforeAskedAgain{400};

// In the order of addresses: nodes have none.
Result<chain::RpcProgramAccounts> read_sorted(const JsonValue& result) {
    auto found = chain::read_program_accounts(result);
    if (found.has_value()) {
        std::ranges::sort(found->accounts, {}, [](const auto& each) { return each.first; });
    }
    return found;
}

bool is_path_character(char c) {
    constexpr std::string_view kOthers = "-._~!$&'()*+,;=:@/?%";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
}

}  // namespace

Result<SolanaEndpoint> parse_solana_endpoint(std::string_view url) {
    const std::size_t scheme = url.find("://");
    const std::size_t slash = scheme == std::string_view::npos ? scheme : url.find('/', scheme + 3);
    SolanaEndpoint out;
    CHATMCP_TRY(out.server, parse_server_url(url.substr(0, slash)));
    if (slash != std::string_view::npos) {
        out.path = std::string(url.substr(slash));
    }
    if (!std::ranges::all_of(out.path, is_path_character)) {
        return fail(Errc::invalid_argument, "NET-60");
    }
    return out;
}

Result<SolanaRpc> SolanaRpc::open(const SolanaRpcOptions& options) {
    if (options.endpoints.empty()) {
        return fail(Errc::invalid_argument, "NET-78");
    }
    std::vector<SolanaEndpoint> endpoints;
    TlsContext tls;
    for (const std::string& url : options.endpoints) {
        CHATMCP_TRY(endpoints.emplace_back(), parse_solana_endpoint(url));
        if (endpoints.back().server.tls && tls == nullptr) {
            CHATMCP_TRY(tls, make_client_tls_of(options.ca_file));
        }
    }
    return SolanaRpc(options, std::move(endpoints), std::move(tls));
}

SolanaRpc::SolanaRpc(SolanaRpcOptions options,
                     std::vector<SolanaEndpoint> endpoints,
                     TlsContext tls)
    : options_(std::move(options)), endpoints_(std::move(endpoints)), tls_(std::move(tls)) {}

Result<JsonValue> SolanaRpc::call_at(const SolanaEndpoint& endpoint,
                                     const chain::RpcRequest& request) {
    const std::uint64_t id = next_id_++;
    CHATMCP_TRY(
        const HttpDocument answer,
        http_post_json(endpoint.server,
                       endpoint.path,
                       chain::encode_rpc_request(request, id),
                       tls_,
                       {.timeout = options_.timeout, .body_max_bytes = options_.reply_max_bytes}));
    CHATMCP_TRY(chain::RpcReply reply, chain::decode_rpc_reply(as_text(answer.body), id));
    if (reply.failure.has_value()) {
        refusal_ = std::move(reply.failure);
        return fail(Errc::unavailable, "NET-76");
    }
    return std::move(reply.result);
}

Result<JsonValue> SolanaRpc::call(const chain::RpcRequest& request) {
    return call_at(endpoints_.front(), request);
}

// What each endpoint that answers says, if at least half of them do.
template <class Read>
auto SolanaRpc::read_all(const chain::RpcRequest& request, Read&& read) {
    using Value = typename std::invoke_result_t<Read, const JsonValue&>::value_type;
    std::vector<Value> said;
    std::optional<Error> failed;
    for (const SolanaEndpoint& endpoint : endpoints_) {
        const auto result = call_at(endpoint, request);
        auto value =
            result.has_value() ? read(*result) : Result<Value>(std::unexpected(result.error()));
        if (value.has_value()) {
            said.push_back(*std::move(value));
        } else {
            failed = value.error();
        }
    }
    if (failed.has_value() && said.size() * 2 <= endpoints_.size()) {
        return Result<std::vector<Value>>(std::unexpected(*failed));
    }
    return Result<std::vector<Value>>(std::move(said));
}

template <class Read, class Same>
auto SolanaRpc::read_agreed(const chain::RpcRequest& request, Read&& read, Same&& same) {
    using Value = typename std::invoke_result_t<Read, const JsonValue&>::value_type;
    for (int asked = 1;; ++asked) {
        auto said = read_all(request, read);
        if (!said.has_value()) {
            return Result<Value>(std::unexpected(said.error()));
        }
        const bool agreed = std::ranges::all_of(
            *said, [&](const Value& each) { return same(said->front(), each); });
        if (agreed) {
            return Result<Value>(std::move(said->front()));
        }
        if (asked == kAskedAtMost) {
            return Result<Value>(fail(Errc::equivocation, "NET-77"));
        }
        std::this_thread::sleep_for(kBeforeAskedAgain);
    }
}

Result<ByteArray<32>> SolanaRpc::genesis_hash() {
    return read_agreed(chain::get_genesis_hash(), chain::read_genesis_hash, std::equal_to<>());
}

Result<std::uint64_t> SolanaRpc::slot(chain::Commitment commitment) {
    CHATMCP_TRY(const std::vector<std::uint64_t> said,
                read_all(chain::get_slot(commitment), chain::read_number));
    return *std::ranges::min_element(said);
}

Result<std::uint64_t> SolanaRpc::block_height(chain::Commitment commitment) {
    CHATMCP_TRY(const std::vector<std::uint64_t> said,
                read_all(chain::get_block_height(commitment), chain::read_number));
    return *std::ranges::min_element(said);
}

Result<chain::RpcAccounts> SolanaRpc::accounts(const std::vector<chain::Address>& addresses,
                                               const chain::ReadOptions& options) {
    chain::RpcAccounts out;
    for (std::size_t begin = 0; begin < addresses.size(); begin += chain::kRpcAccountsMax) {
        const std::size_t end = std::min(begin + chain::kRpcAccountsMax, addresses.size());
        const std::vector<chain::Address> some(
            addresses.begin() + static_cast<std::ptrdiff_t>(begin),
            addresses.begin() + static_cast<std::ptrdiff_t>(end));
        CHATMCP_TRY(
            chain::RpcAccounts read,
            read_agreed(
                chain::get_multiple_accounts(some, options),
                [&](const JsonValue& result) { return chain::read_accounts(result, some.size()); },
                [](const chain::RpcAccounts& a, const chain::RpcAccounts& b) {
                    return a.accounts == b.accounts;
                }));
        out.slot = begin == 0 ? read.slot : out.slot;
        std::ranges::move(read.accounts, std::back_inserter(out.accounts));
    }
    return out;
}

Result<chain::RpcProgramAccounts> SolanaRpc::program_accounts(
    const chain::Address& program,
    const std::vector<chain::AccountFilter>& filters,
    const chain::ReadOptions& options) {
    return read_agreed(chain::get_program_accounts(program, filters, options),
                       read_sorted,
                       [](const chain::RpcProgramAccounts& a, const chain::RpcProgramAccounts& b) {
                           return a.accounts == b.accounts;
                       });
}

Result<chain::RpcProgramAccounts> SolanaRpc::common_program_accounts(
    const chain::Address& program,
    const std::vector<chain::AccountFilter>& filters,
    const chain::ReadOptions& options) {
    CHATMCP_TRY(std::vector<chain::RpcProgramAccounts> said,
                read_all(chain::get_program_accounts(program, filters, options), read_sorted));
    chain::RpcProgramAccounts out = std::move(said.front());
    for (const chain::RpcProgramAccounts& other : said | std::views::drop(1)) {
        out.slot = std::min(out.slot, other.slot);
        std::erase_if(out.accounts, [&other](const auto& mine) {
            const auto theirs = std::ranges::lower_bound(
                other.accounts, mine.first, {}, [](const auto& each) { return each.first; });
            return theirs == other.accounts.end() || *theirs != mine;
        });
    }
    return out;
}

Result<std::optional<chain::DoneTransaction>> SolanaRpc::transaction(const std::string& signature,
                                                                     chain::Commitment commitment) {
    return read_agreed(
        chain::get_transaction(signature, commitment),
        chain::read_transaction,
        [](const std::optional<chain::DoneTransaction>& a,
           const std::optional<chain::DoneTransaction>& b) {
            return a.has_value() == b.has_value() &&
                   (!a.has_value() || (a->slot == b->slot && a->transaction == b->transaction &&
                                       a->failure.has_value() == b->failure.has_value()));
        });
}

Result<std::vector<std::optional<chain::SignatureStatus>>> SolanaRpc::signature_statuses(
    const std::string& signature) {
    return read_all(chain::get_signature_statuses({signature}),
                    [](const JsonValue& result) -> Result<std::optional<chain::SignatureStatus>> {
                        CHATMCP_TRY(auto statuses, chain::read_signature_statuses(result, 1));
                        return std::move(statuses.front());
                    });
}

}  // namespace chatmcp::net
