// The client under test: reads ClientCompatRequests from stdin, makes each call with src/net's
// Connect client, and writes what came of it.

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <connectrpc/conformance/v1/client_compat.pb.h>

#include "compat_pipe.h"
#include "net/connect_client.h"

namespace {

namespace asio = boost::asio;
namespace conformance = connectrpc::conformance::v1;
namespace net = chatmcp::net;
using google::protobuf::Message;
using Headers = google::protobuf::RepeatedPtrField<conformance::Header>;

constexpr std::string_view kTypePrefix = "type.googleapis.com/";
constexpr std::chrono::milliseconds kPatience{20'000};

void write_headers(const net::Metadata& from, Headers& to) {
    std::map<std::string, conformance::Header*> by_name;
    for (const net::MetadataEntry& entry : from.entries()) {
        conformance::Header*& header = by_name[entry.name];
        if (header == nullptr) {
            header = to.Add();
            header->set_name(entry.name);
        }
        header->add_value(entry.value);
    }
}

void write_outcome(const net::CallOutcome& outcome, conformance::ClientResponseResult& to) {
    write_headers(outcome.headers, *to.mutable_response_headers());
    write_headers(outcome.trailers, *to.mutable_response_trailers());
    if (!outcome.error.has_value()) {
        return;
    }
    conformance::Error& error = *to.mutable_error();
    error.set_code(static_cast<conformance::Code>(outcome.error->code));
    error.set_message(outcome.error->message);
    for (const net::ErrorDetail& detail : outcome.error->details) {
        google::protobuf::Any& any = *error.add_details();
        any.set_type_url(std::string(kTypePrefix) + detail.type);
        any.set_value(chatmcp::to_text(detail.value));
    }
}

// A method's messages.
struct Method {
    std::shared_ptr<Message> request;
    std::shared_ptr<Message> response;
};

Method method_of(const std::string& name) {
    if (name == "ServerStream") {
        return {std::make_shared<conformance::ServerStreamRequest>(),
                std::make_shared<conformance::ServerStreamResponse>()};
    }
    if (name == "IdempotentUnary") {
        return {std::make_shared<conformance::IdempotentUnaryRequest>(),
                std::make_shared<conformance::IdempotentUnaryResponse>()};
    }
    if (name == "Unimplemented") {
        return {std::make_shared<conformance::UnimplementedRequest>(),
                std::make_shared<conformance::UnimplementedResponse>()};
    }
    return {std::make_shared<conformance::UnaryRequest>(),
            std::make_shared<conformance::UnaryResponse>()};
}

const conformance::ConformancePayload* payload_of(const Message& response) {
    if (const auto* unary = dynamic_cast<const conformance::UnaryResponse*>(&response)) {
        return &unary->payload();
    }
    if (const auto* other = dynamic_cast<const conformance::IdempotentUnaryResponse*>(&response)) {
        return &other->payload();
    }
    if (const auto* stream = dynamic_cast<const conformance::ServerStreamResponse*>(&response)) {
        return &stream->payload();
    }
    return nullptr;
}

struct Call {
    std::shared_ptr<net::ConnectClient> client;
    std::string path;
    Method method;
    net::CallOptions options;
    std::uint32_t cancel_after_responses = 0;
    std::shared_ptr<net::ClientStream> stream;
    conformance::ClientResponseResult result;
    bool done = false;
};

asio::awaitable<void> run_unary(std::shared_ptr<Call> call) {
    const net::CallOutcome outcome = co_await call->client->call(
        call->path, call->method.request, call->method.response, call->options);
    const auto* payload = payload_of(*call->method.response);
    if (!outcome.error.has_value() && payload != nullptr) {
        *call->result.add_payloads() = *payload;
    }
    write_outcome(outcome, call->result);
    call->done = true;
}

asio::awaitable<void> run_stream(std::shared_ptr<Call> call) {
    auto opened =
        co_await call->client->open_stream(call->path, call->method.request, call->options);
    if (opened.stream == nullptr) {
        write_outcome(opened.outcome, call->result);
        call->done = true;
        co_return;
    }
    call->stream = opened.stream;
    std::uint32_t received = 0;
    while (true) {
        const bool more = co_await call->stream->next(call->method.response);
        if (!more) {
            break;
        }
        *call->result.add_payloads() = *payload_of(*call->method.response);
        ++received;
        if (received == call->cancel_after_responses) {
            call->stream->cancel();
        }
    }
    write_outcome(call->stream->outcome(), call->result);
    call->done = true;
}

net::ClientSettings settings_of(const conformance::ClientCompatRequest& request) {
    net::ClientSettings settings;
    settings.url = net::ServerUrl{.tls = !request.server_tls_cert().empty(),
                                  .host = request.host(),
                                  .port = static_cast<std::uint16_t>(request.port())};
    if (settings.url.tls) {
        settings.tls = net::make_client_tls(request.server_tls_cert()).value();
    }
    settings.codec =
        request.codec() == conformance::CODEC_JSON ? net::Codec::json : net::Codec::proto;
    if (request.message_receive_limit() != 0) {
        settings.receive_max_bytes = request.message_receive_limit();
    }
    return settings;
}

// The call's end as the request wants it: by itself, or cancelled after a while.
void drive(asio::io_context& io,
           const std::shared_ptr<Call>& call,
           bool is_stream,
           std::optional<std::chrono::milliseconds> cancel_after) {
    asio::cancellation_signal cancel;
    auto ended = asio::bind_cancellation_slot(cancel.slot(), [](const std::exception_ptr&) {});
    if (is_stream) {
        asio::co_spawn(io, run_stream(call), std::move(ended));
    } else {
        asio::co_spawn(io, run_unary(call), std::move(ended));
    }
    io.restart();
    if (cancel_after.has_value()) {
        io.run_for(*cancel_after);
        if (!call->done) {
            if (call->stream != nullptr) {
                call->stream->cancel();
            }
            cancel.emit(asio::cancellation_type::all);
            io.restart();
            io.run_for(kPatience);
            call->result.mutable_error()->set_code(conformance::CODE_CANCELED);
            return;
        }
    }
    io.run_for(kPatience);
}

conformance::ClientCompatResponse answer(const conformance::ClientCompatRequest& request) {
    conformance::ClientCompatResponse response;
    response.set_test_name(request.test_name());
    const bool is_stream = request.stream_type() == conformance::STREAM_TYPE_SERVER_STREAM;
    auto call = std::make_shared<Call>();
    call->method = method_of(request.method());
    if (request.request_messages_size() != 1 ||
        !request.request_messages(0).UnpackTo(call->method.request.get())) {
        response.mutable_error()->set_message("not exactly one message of the method");
        return response;
    }
    asio::io_context io(1);
    call->client = std::make_shared<net::ConnectClient>(io.get_executor(), settings_of(request));
    call->path = "/" + request.service() + "/" + request.method();
    for (const conformance::Header& header : request.request_headers()) {
        for (const std::string& value : header.value()) {
            call->options.headers.add(header.name(), value);
        }
    }
    call->options.tell_timeout = request.has_timeout_ms();
    call->options.timeout =
        request.has_timeout_ms() ? std::chrono::milliseconds(request.timeout_ms()) : kPatience;
    std::optional<std::chrono::milliseconds> cancel_after;
    if (request.has_cancel()) {
        call->cancel_after_responses = request.cancel().after_num_responses();
        if (call->cancel_after_responses == 0) {
            cancel_after.emplace(request.cancel().after_close_send_ms());
        }
    }
    if (request.request_delay_ms() > 0) {
        io.run_for(std::chrono::milliseconds(request.request_delay_ms()));
    }
    drive(io, call, is_stream, cancel_after);
    *response.mutable_response() = std::move(call->result);
    return response;
}

}  // namespace

int main() {
    conformance::ClientCompatRequest request;
    while (chatmcp::testing::read_message(std::cin, request)) {
        chatmcp::testing::write_message(std::cout, answer(request));
    }
    return EXIT_SUCCESS;
}
