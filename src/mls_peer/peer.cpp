#include "mls_peer/peer.h"

#include <nlohmann/json.hpp>

#include "mls_peer/client.h"

namespace chatmcp::mls_peer {

namespace {

/// Requests have three levels; what comes back as `id` is written by a function that calls itself
/// for each level.
constexpr int kDepthMax = 16;

/// Not an object if the line is none, or too deep.
Json parse_request(std::string_view line) {
    bool too_deep = false;
    const auto look = [&](int depth, Json::parse_event_t, const Json&) {
        too_deep = too_deep || depth > kDepthMax;
        return !too_deep;
    };
    Json request = Json::parse(line, look, false);
    return too_deep ? Json() : request;
}

}  // namespace

std::string answer(std::string_view line, const Run& run) {
    const Json request = parse_request(line);
    const auto answered = [&]() -> Result<Json> {
        if (!request.is_object()) {
            return fail(Errc::malformed, "PEER-01");
        }
        return run(request);
    }();
    Json reply = answered.has_value() ? *answered : Json{{"error", answered.error().check}};
    reply["ok"] = answered.has_value();
    if (request.is_object() && request.contains("id")) {
        reply["id"] = request["id"];
    }
    return reply.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Peer::Peer() = default;
Peer::~Peer() = default;

std::string Peer::handle(std::string_view line) {
    return answer(line, [this](const Json& request) { return run(request); });
}

Result<Json> Peer::run(const Json& request) {
    const Fields fields(request);
    CHATMCP_TRY(const std::string command, fields.text("cmd"));
    if (command == "quit") {
        quit_ = true;
        return Json::object();
    }
    CHATMCP_TRY(const std::string name, fields.text("client"));
    if (command == "init") {
        CHATMCP_TRY(auto client, Client::init(name, fields));
        clients_.insert_or_assign(name, std::move(client));
        return Json::object();
    }
    const auto client = clients_.find(name);
    if (client == clients_.end()) {
        return fail(Errc::not_found, "PEER-03");
    }
    return client->second->run(command, fields);
}

}  // namespace chatmcp::mls_peer
