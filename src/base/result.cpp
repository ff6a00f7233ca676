#include "base/result.h"

#include <string_view>

namespace chatmcp {

bool operator==(const Error& a, const Error& b) {
    return a.code == b.code && std::string_view(a.check) == std::string_view(b.check);
}

}  // namespace chatmcp
