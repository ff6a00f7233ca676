#include "bench/allocations.h"

#include <cstdlib>
#include <new>

#include <malloc.h>

namespace {

thread_local chatmcp::bench::Allocations counted;
bool tracks_live_bytes = false;

void* allocate(std::size_t size, std::size_t alignment) {
    // NOLINTBEGIN(cppcoreguidelines-no-malloc): this is what operator new stands on.
    void* memory = alignment == 0 ? std::malloc(size == 0 ? 1 : size)
                                  : std::aligned_alloc(
                                        alignment, (size + alignment - 1) / alignment * alignment);
    // NOLINTEND(cppcoreguidelines-no-malloc)
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    ++counted.count;
    if (tracks_live_bytes) {
        counted.live_bytes += static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
    }
    return memory;
}

void release(void* memory) noexcept {
    if (tracks_live_bytes && memory != nullptr) {
        counted.live_bytes -= static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
    }
    std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}

}  // namespace

// clang-format off
void* operator new(std::size_t size) { return allocate(size, 0); }
void* operator new[](std::size_t size) { return allocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) { return allocate(size, static_cast<std::size_t>(alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return allocate(size, static_cast<std::size_t>(alignment)); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t /*alignment*/) noexcept { release(memory); }
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept { release(memory); }
// clang-format on

namespace chatmcp::bench {

Allocations allocations() {
    return counted;
}

void track_live_bytes() {
    tracks_live_bytes = true;
}

}  // namespace chatmcp::bench
