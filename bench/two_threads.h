#pragma once

#include <cstddef>
#include <functional>

#include "mls/environment.h"

namespace chatmcp::bench {

/// Two threads that take pieces of work in turn: one is the caller's own.
class TwoThreads final : public mls::Parallel {
  public:
    void run(std::size_t count, const std::function<void(std::size_t)>& work) const override;
};

}  // namespace chatmcp::bench
