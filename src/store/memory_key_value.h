#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/key_value.h"
#include "base/result.h"

namespace chatmcp::store {

/// Key-value pairs in memory, for tests and for the enclave (whose state leaves only sealed, as
/// pairs()). One thread at a time; builds for WebAssembly.
class MemoryKeyValue {
  public:
    MemoryKeyValue() = default;
    ~MemoryKeyValue() = default;
    MemoryKeyValue(const MemoryKeyValue&) = delete;
    MemoryKeyValue& operator=(const MemoryKeyValue&) = delete;

    /// The store outlives the transaction. Errors: unavailable (STO-04) another one is open.
    [[nodiscard]] Result<std::unique_ptr<OwnedTransaction>> begin();

    /// Everything, in byte order of the keys. Precondition (checked): no transaction is open.
    [[nodiscard]] std::vector<KeyValuePair> pairs() const;

  private:
    friend class MemoryTransaction;

    std::map<Bytes, Bytes, BytesLess> pairs_;
    bool open_ = false;
};

}  // namespace chatmcp::store
