#include "base/clock.h"

#include <chrono>

namespace chatmcp {

UnixMs SystemClock::now() const {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return UnixMs{std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

}  // namespace chatmcp
