#include "net/peer_source.h"

#include <boost/asio/ip/address.hpp>

namespace chatmcp::net {
namespace {

constexpr std::size_t kIpv6PrefixBytes = 8;

}  // namespace

PeerSource peer_source(const std::string& peer_address) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(peer_address, error);
    if (error) {
        return {.key = to_bytes(as_bytes("unknown"))};
    }
    if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        return {.key = Bytes(bytes.begin(), bytes.end()), .is_loopback = address.is_loopback()};
    }
    const auto v6 = address.to_v6();
    const auto bytes = v6.to_bytes();
    if (v6.is_v4_mapped()) {
        const Bytes v4(bytes.end() - 4, bytes.end());
        return {.key = v4, .is_loopback = v4.front() == 127};
    }
    return {.key = Bytes(bytes.begin(), bytes.begin() + kIpv6PrefixBytes),
            .is_loopback = address.is_loopback()};
}

}  // namespace chatmcp::net
