#pragma once

#include <cstddef>
#include <functional>
#include <thread>

#include "mls/environment.h"

namespace chatmcp::cli {

/// Threads for work of many equal parts, started for one call and joined at its end. Few parts are
/// done on the caller's thread alone.
class LentThreads final : public mls::Parallel {
  public:
    /// `count`: with the caller's own.
    explicit LentThreads(unsigned count = std::thread::hardware_concurrency()) : count_(count) {}
    void run(std::size_t count, const std::function<void(std::size_t)>& work) const override;

  private:
    unsigned count_;
};

}  // namespace chatmcp::cli
