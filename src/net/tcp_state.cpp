#include "net/tcp_state.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace chatmcp::net {

bool is_established(int socket_handle) {
    tcp_info info{};
    socklen_t size = sizeof info;
    return getsockopt(socket_handle, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state == TCP_ESTABLISHED;
}

}  // namespace chatmcp::net
