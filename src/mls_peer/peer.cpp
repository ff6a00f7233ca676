#include "mls_peer/peer.h"

#include <nlohmann/json.hpp>

#include "mls_peer/client.h"

namespace chatmcp::mls_peer {

Peer::Peer() = default;
Peer::~Peer() = default;

std::string Peer::handle(std::string_view line) {
    const Json request = Json::parse(line, nullptr, false);
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
