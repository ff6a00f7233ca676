#include "chain/rpc_request.h"

#include "attest/json_writer.h"
#include "base/check.h"
#include "base/encoding.h"

namespace chatmcp::chain {
namespace {

using attest::JsonWriter;

// The parameters of a method: what `write` puts between the brackets.
template <class Write>
RpcRequest call(std::string method, Write&& write) {
    JsonWriter json;
    json.begin_array();
    write(json);
    json.end_array();
    return {std::move(method), json.take()};
}

void write_commitment(JsonWriter& json, Commitment commitment) {
    json.text("commitment", commitment_name(commitment));
}

void write_read_options(JsonWriter& json, const ReadOptions& options) {
    json.text("encoding", "base64");
    write_commitment(json, options.commitment);
    if (options.min_slot != 0) {
        json.number("minContextSlot", options.min_slot);
    }
}

void write_addresses(JsonWriter& json, const std::vector<Address>& addresses) {
    json.begin_array();
    for (const Address& address : addresses) {
        json.string(address.text());
    }
    json.end_array();
}

RpcRequest with_commitment(std::string method, Commitment commitment) {
    return call(std::move(method), [&](JsonWriter& json) {
        json.begin_object();
        write_commitment(json, commitment);
        json.end_object();
    });
}

}  // namespace

std::string_view commitment_name(Commitment commitment) {
    switch (commitment) {
        case Commitment::processed:
            return "processed";
        case Commitment::confirmed:
            return "confirmed";
        case Commitment::finalized:
            return "finalized";
    }
    return "";
}

std::string encode_rpc_request(const RpcRequest& request, std::uint64_t id) {
    JsonWriter json;
    json.begin_object();
    json.text("jsonrpc", "2.0");
    json.number("id", id);
    json.text("method", request.method);
    json.raw("params", request.params);
    json.end_object();
    return json.take();
}

RpcRequest get_genesis_hash() {
    return {"getGenesisHash"};
}

RpcRequest get_slot(Commitment commitment) {
    return with_commitment("getSlot", commitment);
}

RpcRequest get_block_height(Commitment commitment) {
    return with_commitment("getBlockHeight", commitment);
}

RpcRequest get_latest_blockhash(Commitment commitment) {
    return with_commitment("getLatestBlockhash", commitment);
}

RpcRequest get_multiple_accounts(const std::vector<Address>& addresses,
                                 const ReadOptions& options) {
    CHATMCP_CHECK(addresses.size() <= kRpcAccountsMax);
    return call("getMultipleAccounts", [&](JsonWriter& json) {
        write_addresses(json, addresses);
        json.begin_object();
        write_read_options(json, options);
        json.end_object();
    });
}

RpcRequest get_program_accounts(const Address& program,
                                const std::vector<AccountFilter>& filters,
                                const ReadOptions& options) {
    return call("getProgramAccounts", [&](JsonWriter& json) {
        json.string(program.text());
        json.begin_object();
        write_read_options(json, options);
        json.flag("withContext", true);
        json.begin_array("filters");
        for (const AccountFilter& filter : filters) {
            json.begin_object();
            json.begin_object("memcmp");
            json.number("offset", filter.offset);
            json.text("bytes", to_base64(filter.bytes));
            json.text("encoding", "base64");
            json.end_object();
            json.end_object();
        }
        json.end_array();
        json.end_object();
    });
}

RpcRequest get_recent_prioritization_fees(const std::vector<Address>& writable) {
    return call("getRecentPrioritizationFees",
                [&](JsonWriter& json) { write_addresses(json, writable); });
}

RpcRequest simulate_transaction(ByteView transaction,
                                const Address& payer,
                                Commitment commitment,
                                bool check_signatures) {
    return call("simulateTransaction", [&](JsonWriter& json) {
        json.string(to_base64(transaction));
        json.begin_object();
        json.text("encoding", "base64");
        write_commitment(json, commitment);
        json.flag("sigVerify", check_signatures);
        json.flag("replaceRecentBlockhash", !check_signatures);
        json.begin_object("accounts");
        json.text("encoding", "base64");
        json.begin_array("addresses");
        json.string(payer.text());
        json.end_array();
        json.end_object();
        json.end_object();
    });
}

RpcRequest send_transaction(ByteView transaction, std::optional<Commitment> preflight) {
    return call("sendTransaction", [&](JsonWriter& json) {
        json.string(to_base64(transaction));
        json.begin_object();
        json.text("encoding", "base64");
        json.flag("skipPreflight", !preflight.has_value());
        if (preflight.has_value()) {
            json.text("preflightCommitment", commitment_name(*preflight));
        }
        json.number("maxRetries", 0);  // Who sends it sends it again.
        json.end_object();
    });
}

RpcRequest get_signature_statuses(const std::vector<std::string>& signatures) {
    return call("getSignatureStatuses", [&](JsonWriter& json) {
        json.begin_array();
        for (const std::string& signature : signatures) {
            json.string(signature);
        }
        json.end_array();
        json.begin_object();
        json.flag("searchTransactionHistory", true);
        json.end_object();
    });
}

RpcRequest get_transaction(const std::string& signature, Commitment commitment) {
    return call("getTransaction", [&](JsonWriter& json) {
        json.string(signature);
        json.begin_object();
        json.text("encoding", "base64");
        write_commitment(json, commitment);
        json.number("maxSupportedTransactionVersion", 1);
        json.end_object();
    });
}

RpcRequest request_airdrop(const Address& to, std::uint64_t lamports) {
    return call("requestAirdrop", [&](JsonWriter& json) {
        json.string(to.text());
        json.number(lamports);
    });
}

}  // namespace chatmcp::chain
