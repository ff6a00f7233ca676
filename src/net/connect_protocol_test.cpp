#include "net/connect_protocol.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace chatmcp::net {
namespace {

UntrustedRequestHead unary_head() {
    UntrustedRequestHead head;
    head.method = "POST";
    head.target = "/chatmcp.v1.DeliveryService/GetChallenge";
    head.headers.add("Content-Type", "application/proto");
    return head;
}

TEST(ConnectCode, NamesAndStatusesAreThoseOfTheProtocol) {
    EXPECT_EQ(connect_code_name(ConnectCode::canceled), "canceled");
    EXPECT_EQ(connect_code_name(ConnectCode::unauthenticated), "unauthenticated");
    EXPECT_EQ(http_status(ConnectCode::resource_exhausted), 429u);
    EXPECT_EQ(http_status(ConnectCode::deadline_exceeded), 504u);
    EXPECT_EQ(connect_code_from_name("aborted"), ConnectCode::aborted);
    EXPECT_FALSE(connect_code_from_name("cancelled").has_value());
    EXPECT_EQ(connect_code_from_http_status(404), ConnectCode::unimplemented);
    EXPECT_EQ(connect_code_from_http_status(418), ConnectCode::unknown);
}

TEST(ConnectError, IsReadBackAsItWasWritten) {
    ConnectError error;
    error.code = ConnectCode::aborted;
    error.message = "somebody was \"faster\"\n";
    error.details.push_back({.type = "chatmcp.v1.RefusalDetail", .value = Bytes{8, 26, 0xff}});
    const auto read = parse_error_json(encode_error_json(error), ConnectCode::unknown);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->code, error.code);
    EXPECT_EQ(read->message, error.message);
    EXPECT_EQ(read->details, error.details);
}

TEST(ConnectError, ValuesOfDetailsAreBase64WithoutPaddingAndReadWithOrWithoutIt) {
    ConnectError error;
    error.details.push_back({.type = "t", .value = Bytes{1}});
    EXPECT_NE(encode_error_json(error).find(R"("value":"AQ")"), std::string::npos);
    const auto padded = parse_error_json(
        R"({"code":"internal","details":[{"type":"t","value":"AQ=="}]})", ConnectCode::unknown);
    ASSERT_TRUE(padded.has_value());
    EXPECT_EQ(padded->details, error.details);
}

TEST(ConnectError, AMessageThatIsNoUtf8IsSentAllTheSame) {
    ConnectError error;
    error.message = "\xff\xfe";
    EXPECT_TRUE(parse_error_json(encode_error_json(error), ConnectCode::unknown).has_value());
}

TEST(ConnectError, ABodyThatIsNoConnectErrorIsRefused) {
    for (const char* body :
         {"", "no json", "[]", "null", R"({"code":7})", R"({"message":[]})", R"({"code":null})"}) {
        const auto read = parse_error_json(body, ConnectCode::unknown);
        ASSERT_FALSE(read.has_value()) << body;
        EXPECT_STREQ(read.error().check, "NET-01");
    }
}

TEST(ConnectError, AnAbsentOrUnknownCodeIsTheOneThatTheStatusMeans) {
    for (const char* body : {"{}", R"({"code":"made_up"})"}) {
        const auto read = parse_error_json(body, ConnectCode::permission_denied);
        ASSERT_TRUE(read.has_value()) << body;
        EXPECT_EQ(read->code, ConnectCode::permission_denied);
    }
}

TEST(EndOfStream, IsReadBackAsItWasWritten) {
    EndOfStream end;
    end.error = ConnectError{.code = ConnectCode::not_found, .message = "x", .details = {}};
    end.trailers.add("X-Trailer", "one");
    end.trailers.add("x-trailer", "two");
    const auto read = parse_end_of_stream(encode_end_of_stream(end));
    ASSERT_TRUE(read.has_value());
    ASSERT_TRUE(read->error.has_value());
    EXPECT_EQ(read->error->code, ConnectCode::not_found);
    EXPECT_EQ(read->trailers.entries(), end.trailers.entries());
    EXPECT_EQ(encode_end_of_stream(EndOfStream()), "{}");
}

TEST(EndOfStream, AnotherShapeIsRefused) {
    for (const char* body : {"",
                             "[]",
                             R"({"error":[]})",
                             R"({"error":{"code":1}})",
                             R"({"metadata":[]})",
                             R"({"metadata":{"a":"b"}})",
                             R"({"metadata":{"a":[1]}})"}) {
        const auto read = parse_end_of_stream(body);
        ASSERT_FALSE(read.has_value()) << body;
        EXPECT_STREQ(read.error().check, "NET-02");
    }
}

TEST(Timeout, IsOneToTenDigits) {
    EXPECT_EQ(parse_timeout("0")->count(), 0);
    EXPECT_EQ(parse_timeout("9999999999")->count(), 9'999'999'999);
    for (const char* text : {"", "-1", "+1", "1s", " 1", "1.5", "10000000000", "0x10"}) {
        const auto timeout = parse_timeout(text);
        ASSERT_FALSE(timeout.has_value()) << text;
        EXPECT_STREQ(timeout.error().check, "NET-03");
    }
}

TEST(PlanCall, TakesARequestWithoutVersionOrTimeout) {
    const auto plan = plan_call(unary_head(), StreamType::unary);
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->codec, Codec::proto);
    EXPECT_FALSE(plan->timeout.has_value());
}

TEST(PlanCall, JsonMayNameItsCharacterSet) {
    for (const char* type : {"application/json",
                             "Application/JSON",
                             "application/json; charset=utf-8",
                             "application/json;charset=UTF-8"}) {
        UntrustedRequestHead head;
        head.method = "POST";
        head.headers.add("content-type", type);
        const auto plan = plan_call(head, StreamType::unary);
        ASSERT_TRUE(plan.has_value()) << type;
        EXPECT_EQ(plan->codec, Codec::json);
    }
}

TEST(PlanCall, AnotherMethodThanPostIsRefused) {
    UntrustedRequestHead head = unary_head();
    head.method = "GET";
    const auto plan = plan_call(head, StreamType::unary);
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().status, 405u);
    EXPECT_STREQ(plan.error().check, "NET-04");
    EXPECT_EQ(plan.error().headers.first("allow"), "POST");
}

TEST(PlanCall, AContentTypeThatTheMethodDoesNotSpeakIsRefused) {
    UntrustedRequestHead none;
    none.method = "POST";
    UntrustedRequestHead twice = unary_head();
    twice.headers.add("content-type", "application/json");
    UntrustedRequestHead other;
    other.method = "POST";
    other.headers.add("content-type", "application/connect+proto");
    for (const auto& head : {none, twice, other}) {
        const auto plan = plan_call(head, StreamType::unary);
        ASSERT_FALSE(plan.has_value());
        EXPECT_EQ(plan.error().status, 415u);
        EXPECT_STREQ(plan.error().check, "NET-05");
        EXPECT_TRUE(plan.error().headers.first("accept-post").has_value());
    }
}

TEST(PlanCall, AnotherProtocolVersionIsRefused) {
    UntrustedRequestHead head = unary_head();
    head.headers.add("connect-protocol-version", "2");
    const auto plan = plan_call(head, StreamType::unary);
    ASSERT_FALSE(plan.has_value());
    EXPECT_STREQ(plan.error().check, "NET-06");
    EXPECT_EQ(plan.error().error->code, ConnectCode::invalid_argument);
}

TEST(PlanCall, ATimeoutThatIsNoNumberIsRefused) {
    UntrustedRequestHead head = unary_head();
    head.headers.add("connect-timeout-ms", "soon");
    const auto plan = plan_call(head, StreamType::unary);
    ASSERT_FALSE(plan.has_value());
    EXPECT_STREQ(plan.error().check, "NET-07");
}

TEST(PlanCall, CompressionIsRefused) {
    UntrustedRequestHead head = unary_head();
    head.headers.add("content-encoding", "gzip");
    const auto plan = plan_call(head, StreamType::unary);
    ASSERT_FALSE(plan.has_value());
    EXPECT_STREQ(plan.error().check, "NET-08");
    EXPECT_EQ(plan.error().status, 501u);

    UntrustedRequestHead stream;
    stream.method = "POST";
    stream.headers.add("content-type", "application/connect+json");
    stream.headers.add("connect-content-encoding", "identity");
    EXPECT_TRUE(plan_call(stream, StreamType::server_stream).has_value());
    stream.headers.add("connect-content-encoding", "br");
    EXPECT_STREQ(plan_call(stream, StreamType::server_stream).error().check, "NET-08");
}

TEST(Metadata, ALineBreakInAHeaderIsRefused) {
    Metadata fine;
    fine.add("x-name", "value with spaces\tand \xc3\xa9");
    EXPECT_TRUE(check_metadata(fine).has_value());
    for (const auto& [name, value] : {std::pair<std::string, std::string>("x", "a\r\nevil: 1"),
                                      {"x y", "a"},
                                      {"", "a"},
                                      {"x:", "a"},
                                      {"x", std::string("a\0b", 3)}}) {
        Metadata metadata;
        metadata.add(name, value);
        const auto checked = check_metadata(metadata);
        ASSERT_FALSE(checked.has_value()) << name;
        EXPECT_STREQ(checked.error().check, "NET-15");
    }
}

}  // namespace
}  // namespace chatmcp::net
