#include "tee/key_memory.h"

#include <algorithm>
#include <utility>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"
#include "base/secret.h"

namespace chatmcp::tee {
namespace {

constexpr std::size_t kPageBytes = KeyMemory::kMaxBytes;
constexpr int kReadWrite = PROT_READ | PROT_WRITE;

/// MAP_FAILED where the kernel has no secret memory or the limit for locked memory is used up.
void* map_secret() {
    const long fd = ::syscall(SYS_memfd_secret, 0U);
    if (fd < 0) {
        return MAP_FAILED;
    }
    void* page = MAP_FAILED;
    if (::ftruncate(static_cast<int>(fd), static_cast<off_t>(kPageBytes)) == 0) {
        page = ::mmap(nullptr, kPageBytes, kReadWrite, MAP_SHARED, static_cast<int>(fd), 0);
    }
    ::close(static_cast<int>(fd));
    return page;
}

}  // namespace

KeyMemory::KeyMemory(ByteView key) {
    CHATMCP_CHECK(!key.empty() && key.size() <= kMaxBytes);
    void* page = map_secret();
    if (page != MAP_FAILED) {
        protection_ = Protection::secret;
    } else {
        page = ::mmap(nullptr, kPageBytes, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHATMCP_CHECK(page != MAP_FAILED);
        protection_ = ::mlock(page, kPageBytes) == 0 ? Protection::locked : Protection::ordinary;
        static_cast<void>(::madvise(page, kPageBytes, MADV_DONTDUMP));
    }
    bytes_ = {static_cast<std::uint8_t*>(page), key.size()};
    std::ranges::copy(key, bytes_.begin());
}

KeyMemory::KeyMemory(KeyMemory&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), protection_(other.protection_) {}

KeyMemory& KeyMemory::operator=(KeyMemory&& other) noexcept {
    if (this != &other) {
        release();
        bytes_ = std::exchange(other.bytes_, {});
        protection_ = other.protection_;
    }
    return *this;
}

KeyMemory::~KeyMemory() {
    release();
}

void KeyMemory::release() {
    if (!bytes_.empty()) {
        wipe(bytes_);
        CHATMCP_CHECK(::munmap(bytes_.data(), kPageBytes) == 0);
        bytes_ = {};
    }
}

std::string_view protection_name(KeyMemory::Protection protection) {
    switch (protection) {
        case KeyMemory::Protection::secret:
            return "secret";
        case KeyMemory::Protection::locked:
            return "locked";
        case KeyMemory::Protection::ordinary:
            return "ordinary";
    }
    CHATMCP_CHECK(false && "a Protection that has no enumerator");
    return {};
}

}  // namespace chatmcp::tee
