#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace chatmcp {

void check_failed(const char* condition, const char* file, int line) {
    static_cast<void>(
        std::fprintf(stderr, "%s:%d: broken assumption: %s\n", file, line, condition));
    std::abort();
}

}  // namespace chatmcp
