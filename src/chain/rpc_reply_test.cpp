#include "chain/rpc_reply.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "chain/transaction_failure.h"
#include "chain/well_known.h"

namespace chatmcp::chain {
namespace {

constexpr std::string_view kClock = "SysvarC1ock11111111111111111111111111111111";

std::string check_of(const auto& result) {
    return result.has_value() ? "ok" : result.error().check;
}

attest::JsonValue json(std::string_view text) {
    return attest::parse_json(text, {.natural_numbers_only = false}).value();
}

TEST(RpcRequest, IsTheTextOfItsMethod) {
    EXPECT_EQ(
        encode_rpc_request(get_slot(Commitment::finalized), 7),
        R"({"jsonrpc":"2.0","id":7,"method":"getSlot","params":[{"commitment":"finalized"}]})");
    EXPECT_EQ(get_multiple_accounts({kClockSysvar}, {.min_slot = 5}).params,
              R"([["SysvarC1ock11111111111111111111111111111111"],)"
              R"({"encoding":"base64","commitment":"confirmed","minContextSlot":5}])");
    EXPECT_EQ(get_program_accounts(kClockSysvar, {{.offset = 8, .bytes = {1, 2}}}, {}).params,
              R"(["SysvarC1ock11111111111111111111111111111111",{"encoding":"base64",)"
              R"("commitment":"confirmed","withContext":true,)"
              R"("filters":[{"memcmp":{"offset":8,"bytes":"AQI=","encoding":"base64"}}]}])");
    EXPECT_EQ(send_transaction(Bytes{1}, std::nullopt).params,
              R"(["AQ==",{"encoding":"base64","skipPreflight":true,"maxRetries":0}])");
    EXPECT_EQ(request_airdrop(kClockSysvar, 5).params,
              R"(["SysvarC1ock11111111111111111111111111111111",5])");
}

TEST(RpcReply, IsAResultOrAFailure) {
    const auto result = decode_rpc_reply(R"({"jsonrpc":"2.0","id":3,"result":42})", 3);
    EXPECT_EQ(read_number(result->result).value(), 42U);
    const auto failure = decode_rpc_reply(
        R"({"jsonrpc":"2.0","id":3,"error":{"code":-32002,"message":"no","data":)"
        R"({"err":{"InstructionError":[1,{"Custom":31}]},"logs":["a"],"units":0.5}}})",
        3);
    ASSERT_TRUE(failure.has_value() && failure->failure.has_value());
    EXPECT_EQ(failure->failure->code, -32002);
    EXPECT_EQ(failure->failure->message, "no");
    EXPECT_EQ(failure->failure->transaction->custom, 31U);
    EXPECT_EQ(failure->failure->transaction->logs.size(), 1U);
}

TEST(RpcReply, AnotherFormIsRefused) {
    for (const char* text :
         {"",
          "[]",
          "{}",
          R"({"jsonrpc":"1.0","id":3,"result":1})",
          R"({"jsonrpc":"2.0","id":3})",
          R"({"jsonrpc":"2.0","id":3,"result":1,"error":{"code":1,"message":""}})",
          R"({"jsonrpc":"2.0","id":3,"error":{"code":0.5,"message":""}})",
          R"({"jsonrpc":"2.0","id":3,"error":{"code":99999999999,"message":""}})",
          R"({"jsonrpc":"2.0","id":3,"error":{"code":1}})",
          R"({"jsonrpc":"2.0","id":3,"result":1} )"
          "\x01"}) {
        EXPECT_EQ(check_of(decode_rpc_reply(text, 3)), "CHN-90") << text;
    }
    EXPECT_EQ(check_of(decode_rpc_reply(R"({"jsonrpc":"2.0","id":4,"result":1})", 3)), "CHN-91");
    EXPECT_EQ(check_of(decode_rpc_reply(R"({"jsonrpc":"2.0","id":"3","result":1})", 3)), "CHN-91");
}

TEST(RpcReply, AccountsAreThoseThatWereAskedFor) {
    const std::string account =
        R"({"lamports":18446744073709551615,"owner":")" + std::string(kClock) +
        R"(","executable":false,"rentEpoch":18446744073709551615,"space":2,"data":["AQI=","base64"]})";
    const std::string text =
        R"({"context":{"slot":9,"apiVersion":"3"},"value":[null,)" + account + "]}";
    const auto read = read_accounts(json(text), 2);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->slot, 9U);
    EXPECT_FALSE(read->accounts[0].has_value());
    EXPECT_EQ(read->accounts[1]->data, (Bytes{1, 2}));
    EXPECT_EQ(read->accounts[1]->owner, kClockSysvar);
    EXPECT_EQ(check_of(read_accounts(json(text), 1)), "CHN-92");
    const auto listed =
        read_program_accounts(json(R"({"context":{"slot":9},"value":[{"pubkey":")" +
                                   std::string(kClock) + R"(","account":)" + account + "}]}"));
    ASSERT_TRUE(listed.has_value());
    EXPECT_EQ(listed->accounts.at(0).first, kClockSysvar);
}

TEST(RpcReply, ResultsOfAnotherShapeAreRefused) {
    for (
        const char* text :
        {"1",
         "null",
         "{}",
         R"({"context":{"slot":9}})",
         R"({"context":{},"value":[]})",
         R"({"context":{"slot":9},"value":[{}]})",
         R"({"context":{"slot":9},"value":[{"lamports":1,"owner":"x","executable":false,"data":["","base64"]}]})",
         R"({"context":{"slot":9},"value":[{"lamports":1,"owner":"11111111111111111111111111111111","executable":false,"data":["","base58"]}]})",
         R"({"context":{"slot":9},"value":[{"lamports":1,"owner":"11111111111111111111111111111111","executable":false,"data":["?","base64"]}]})"}) {
        EXPECT_EQ(check_of(read_accounts(json(text), 1)), "CHN-92") << text;
        EXPECT_EQ(check_of(read_latest_blockhash(json(text))), "CHN-92") << text;
        EXPECT_EQ(check_of(read_simulation(json(text))), "CHN-92") << text;
        EXPECT_EQ(check_of(read_signature_statuses(json(text), 1)), "CHN-92") << text;
    }
    EXPECT_EQ(check_of(read_program_accounts(json(R"({"context":{"slot":9},"value":{}})"))),
              "CHN-92");
    EXPECT_EQ(check_of(read_number(json("-1"))), "CHN-92");
    EXPECT_EQ(check_of(read_genesis_hash(json("\"x\""))), "CHN-92");
    EXPECT_EQ(check_of(read_signature(json("\"11\""))), "CHN-92");
    EXPECT_EQ(check_of(read_prioritization_fees(json("{}"))), "CHN-92");
    EXPECT_EQ(check_of(read_transaction(json("{}"))), "CHN-92");
    EXPECT_EQ(check_of(read_simulation(
                  json(R"({"context":{"slot":9},"value":{"err":null,"logs":[],"accounts":[]}})"))),
              "CHN-92");
    EXPECT_EQ(
        read_simulation(json(R"({"context":{"slot":9},"value":{"err":null,"accounts":[null]}})"))
            ->payer_lamports,
        0U);
    EXPECT_EQ(check_of(read_simulation(json(
                  R"({"context":{"slot":9},"value":{"err":{"InstructionError":[0]},"logs":[]}})"))),
              "CHN-92");
    EXPECT_EQ(
        check_of(read_simulation(json(
            R"({"context":{"slot":9},"value":{"err":{"InstructionError":[0,{"Custom":4294967296}]}}})"))),
        "CHN-92");
}

TEST(RpcReply, StatusesAndTransactionsAreRead) {
    const auto statuses = read_signature_statuses(
        json(R"({"context":{"slot":9},"value":[null,{"slot":8,"confirmations":null,"err":null,)"
             R"("confirmationStatus":"finalized"},{"slot":8,"err":"AccountInUse",)"
             R"("confirmationStatus":"processed"}]})"),
        3);
    ASSERT_TRUE(statuses.has_value());
    EXPECT_FALSE((*statuses)[0].has_value());
    EXPECT_EQ((*statuses)[1]->commitment, Commitment::finalized);
    EXPECT_FALSE((*statuses)[1]->failure.has_value());
    EXPECT_EQ((*statuses)[2]->failure->name, "AccountInUse");
    EXPECT_FALSE(read_transaction(json("null"))->has_value());
    const auto done = read_transaction(
        json(R"({"slot":5,"transaction":["AQI=","base64"],"meta":{"err":null,"fee":5000}})"));
    ASSERT_TRUE(done.has_value() && done->has_value());
    EXPECT_EQ((*done)->transaction, (Bytes{1, 2}));
    EXPECT_EQ(read_prioritization_fees(json(R"([{"slot":1,"prioritizationFee":7}])"))->at(0), 7U);
}

TEST(TransactionFailure, SaysWhichProgramRefusedAndWhy) {
    const Address program = kClockSysvar;
    TransactionFailure failure{
        .name = "InstructionError",
        .instruction = 1,
        .custom = 31,
        .logs = {"Program " + program.text() + " invoke [1]",
                 "Program " + program.text() + " failed: custom program error: 0x1f"}};
    EXPECT_EQ(transaction_failure_text(failure, program),
              "The stamp was answered already. (error 31 of program " + program.text() +
                  " at instruction 2)");
    // The token program, called by ours, refused: its number is not one of ours.
    failure.custom = 1;
    failure.logs = {"Program " + kToken2022Program.text() + " failed: custom program error: 0x1",
                    "Program " + program.text() + " failed: custom program error: 0x1"};
    EXPECT_TRUE(
        transaction_failure_text(failure, program).starts_with("there are not enough tokens"));
    failure.logs.clear();
    EXPECT_EQ(transaction_failure_text(failure, program), "error 1 at instruction 2");
    failure.custom.reset();
    failure.name = "InvalidArgument";
    EXPECT_EQ(transaction_failure_text(failure, program), "InvalidArgument at instruction 2");
    EXPECT_EQ(program_error_text(31), "The stamp was answered already.");
    EXPECT_FALSE(program_error_text(0).has_value());
    EXPECT_FALSE(program_error_text(1000).has_value());
}

}  // namespace
}  // namespace chatmcp::chain
