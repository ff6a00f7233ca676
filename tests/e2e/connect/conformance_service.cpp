#include "conformance_service.h"

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <connectrpc/conformance/v1/service.pb.h>

namespace chatmcp::testing {

namespace {

namespace asio = boost::asio;
namespace conformance = connectrpc::conformance::v1;
using net::CallContextPtr;
using net::ConnectError;
using net::Metadata;
using net::ProtobufMessage;
using net::StreamEnd;
using net::UnaryReply;
using Headers = google::protobuf::RepeatedPtrField<conformance::Header>;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> wait(std::uint32_t ms) {
    if (ms == 0) {
        co_return;
    }
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, std::chrono::milliseconds(ms));
    co_await timer.async_wait(kToken);
}

Metadata metadata_of(const Headers& headers) {
    Metadata metadata;
    for (const conformance::Header& header : headers) {
        for (const std::string& value : header.value()) {
            metadata.add(header.name(), value);
        }
    }
    return metadata;
}

conformance::ConformancePayload::RequestInfo request_info(const net::CallContext& context,
                                                          const ProtobufMessage& request) {
    conformance::ConformancePayload::RequestInfo info;
    std::map<std::string, conformance::Header*> by_name;  // The values of one name stand together.
    for (const net::MetadataEntry& entry : context.headers.entries()) {
        conformance::Header*& header = by_name[entry.name];
        if (header == nullptr) {
            header = info.add_request_headers();
            header->set_name(entry.name);
        }
        header->add_value(entry.value);
    }
    if (context.timeout.has_value()) {
        info.set_timeout_ms(context.timeout->count());
    }
    info.add_requests()->PackFrom(request);
    return info;
}

// The detail's type name stands behind the last slash of the URL.
void add_detail(ConnectError& error, const google::protobuf::Any& any) {
    const std::string& url = any.type_url();
    error.details.push_back(net::ErrorDetail{.type = url.substr(url.rfind('/') + 1),
                                             .value = to_bytes(as_bytes(any.value()))});
}

ConnectError error_of(const conformance::Error& asked) {
    ConnectError error;
    error.code = static_cast<net::ConnectCode>(asked.code());
    error.message = asked.message();
    for (const google::protobuf::Any& any : asked.details()) {
        add_detail(error, any);
    }
    return error;
}

ConnectError error_of(const conformance::Error& asked,
                      const conformance::ConformancePayload::RequestInfo& info) {
    ConnectError error = error_of(asked);
    google::protobuf::Any any;
    any.PackFrom(info);
    add_detail(error, any);
    return error;
}

template <class Request, class Response>
class Unary final : public net::UnaryMethod {
  public:
    std::unique_ptr<ProtobufMessage> new_request() const override {
        return std::make_unique<Request>();
    }

    asio::awaitable<UnaryReply> call(CallContextPtr context,
                                     std::unique_ptr<ProtobufMessage> request) override {
        return answer(std::move(context), std::move(request));
    }

  private:
    static asio::awaitable<UnaryReply> answer(CallContextPtr context,
                                              std::unique_ptr<ProtobufMessage> message) {
        const auto& request = dynamic_cast<const Request&>(*message);
        const auto& definition = request.response_definition();
        UnaryReply reply;
        reply.headers = metadata_of(definition.response_headers());
        reply.trailers = metadata_of(definition.response_trailers());
        co_await wait(definition.response_delay_ms());
        auto info = request_info(*context, request);
        if (definition.has_error()) {
            reply.error = error_of(definition.error(), info);
            co_return reply;
        }
        auto response = std::make_shared<Response>();
        response->mutable_payload()->set_data(definition.response_data());
        *response->mutable_payload()->mutable_request_info() = std::move(info);
        reply.message = std::move(response);
        co_return reply;
    }
};

class Unimplemented final : public net::UnaryMethod {
  public:
    std::unique_ptr<ProtobufMessage> new_request() const override {
        return std::make_unique<conformance::UnimplementedRequest>();
    }

    asio::awaitable<UnaryReply> call(CallContextPtr context,
                                     std::unique_ptr<ProtobufMessage> request) override {
        return answer(std::move(context), std::move(request));
    }

  private:
    static asio::awaitable<UnaryReply> answer(CallContextPtr /*context*/,
                                              std::unique_ptr<ProtobufMessage> /*message*/) {
        UnaryReply reply;
        reply.error.emplace().code = net::ConnectCode::unimplemented;
        co_return reply;
    }
};

class ServerStream final : public net::StreamMethod {
  public:
    std::unique_ptr<ProtobufMessage> new_request() const override {
        return std::make_unique<conformance::ServerStreamRequest>();
    }

    asio::awaitable<StreamEnd> call(CallContextPtr context,
                                    std::unique_ptr<ProtobufMessage> request,
                                    std::shared_ptr<net::StreamWriter> writer) override {
        return answer(std::move(context), std::move(request), std::move(writer));
    }

  private:
    static asio::awaitable<StreamEnd> answer(CallContextPtr context,
                                             std::unique_ptr<ProtobufMessage> message,
                                             std::shared_ptr<net::StreamWriter> writer) {
        const auto& request = dynamic_cast<const conformance::ServerStreamRequest&>(*message);
        const auto& definition = request.response_definition();
        auto info = request_info(*context, request);
        writer->send_headers(metadata_of(definition.response_headers()));
        StreamEnd end;
        end.trailers = metadata_of(definition.response_trailers());
        for (int i = 0; i < definition.response_data_size(); ++i) {
            co_await wait(definition.response_delay_ms());
            auto response = std::make_shared<conformance::ServerStreamResponse>();
            response->mutable_payload()->set_data(definition.response_data(i));
            if (i == 0) {
                *response->mutable_payload()->mutable_request_info() = info;
            }
            const Result<void> sent = co_await writer->send(std::move(response));
            if (!sent.has_value()) {
                co_return end;
            }
        }
        if (definition.has_error()) {
            end.error = definition.response_data().empty() ? error_of(definition.error(), info)
                                                           : error_of(definition.error());
        }
        co_return end;
    }
};

}  // namespace

void add_conformance_service(net::Routes& routes, std::size_t request_max_bytes) {
    const std::string service = "/connectrpc.conformance.v1.ConformanceService/";
    routes.add_unary(
        service + "Unary",
        request_max_bytes,
        std::make_unique<Unary<conformance::UnaryRequest, conformance::UnaryResponse>>());
    routes.add_unary(
        service + "IdempotentUnary",
        request_max_bytes,
        std::make_unique<
            Unary<conformance::IdempotentUnaryRequest, conformance::IdempotentUnaryResponse>>());
    routes.add_unary(
        service + "Unimplemented", request_max_bytes, std::make_unique<Unimplemented>());
    routes.add_stream(
        service + "ServerStream", request_max_bytes, std::make_unique<ServerStream>());
}

}  // namespace chatmcp::testing
