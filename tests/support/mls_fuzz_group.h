#pragma once

#include "support/mls_hostile.h"

namespace chatmcp::testing {

/// Alice, Bob and Carol in one group, the same bytes in every run, so that a corpus made by one run
/// fits the next. Dave has a key package and is not in it.
struct FuzzGroup {
    FuzzGroup() {
        static_cast<void>(alice.create(Bytes(32, 0x47), {{0x8001, {1}}}).has_value());
        const auto bundle = alice.stage(
            mls::Plan{.add = {bob.key_package().key_package, carol.key_package().key_package}});
        static_cast<void>(alice.confirm().has_value());
        static_cast<void>(bob.join(bundle->welcomes[0].welcome).has_value());
        static_cast<void>(carol.join(bundle->welcomes[1].welcome).has_value());
        dave_package = dave.key_package().key_package;
    }

    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
    MlsMember dave{"dave", 4};
    Bytes dave_package;
};

}  // namespace chatmcp::testing
