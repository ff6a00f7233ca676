// What JavaScript sees of the module. chatmcp_core.mjs is its other side; docs/wasm.md describes
// both.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include <unistd.h>

#include "base/check.h"
#include "base/secret.h"
#include "wasm/core.h"

namespace {

/// A request with a group's tree of 50,000 members fits.
constexpr std::uint32_t kRequestMaxBytes = std::uint32_t{64} * 1024 * 1024;
constexpr std::size_t kProbeBytes = 32;

[[noreturn]] void out_of_memory() {
    static_cast<void>(std::fputs("out of memory\n", stderr));
    std::abort();
}

/// The one core of an instance, and the reply that was given last.
struct Instance {
    chatmcp::wasm::Core core;
    std::string reply;
};

Instance*& instance() {
    static Instance* the_one = nullptr;
    return the_one;
}

void wipe_text(char* text, std::size_t size) {
    chatmcp::wipe({reinterpret_cast<std::uint8_t*>(text), size});  // NOLINT
}

}  // namespace

/// Where the last reply lies: JSON, UTF-8.
struct ChatmcpReply {
    const char* text;
    std::uint32_t size;
};

extern "C" {

std::int32_t chatmcp_start();
char* chatmcp_alloc(std::uint32_t size);
void chatmcp_free(char* request);
const ChatmcpReply* chatmcp_call(char* request, std::uint32_t size);

/// Once, before anything else. 0: the host gives no cryptographic random numbers, and nothing here
/// works without.
std::int32_t chatmcp_start() {
    static_cast<void>(std::set_new_handler(out_of_memory));
    std::uint8_t probe[kProbeBytes];  // NOLINT(modernize-avoid-c-arrays): getentropy's own type.
    if (instance() != nullptr || getentropy(probe, kProbeBytes) != 0) {
        return 0;
    }
    chatmcp::wipe(probe);
    instance() =
        new Instance();  // NOLINT(cppcoreguidelines-owning-memory): lives as long as the module.
    return 1;
}

/// Room for a request; null where it is too large, or no memory is left.
char* chatmcp_alloc(std::uint32_t size) {
    if (size == 0 || size > kRequestMaxBytes) {
        return nullptr;
    }
    return static_cast<char*>(std::malloc(size));  // NOLINT: `new` would end the module.
}

void chatmcp_free(char* request) {
    std::free(request);  // NOLINT: see chatmcp_alloc.
}

/// Does one request, and overwrites it. The reply is valid until the next call.
const ChatmcpReply* chatmcp_call(char* request, std::uint32_t size) {
    CHATMCP_CHECK(instance() != nullptr);
    Instance& the = *instance();
    wipe_text(the.reply.data(), the.reply.size());
    the.reply = the.core.handle({request, size});
    wipe_text(request, size);
    static ChatmcpReply reply;
    reply = {the.reply.data(), static_cast<std::uint32_t>(the.reply.size())};
    return &reply;
}

}  // extern "C"
