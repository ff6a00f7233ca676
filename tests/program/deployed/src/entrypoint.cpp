// A program for tests of the linker: it reads its input, logs the name of what it was asked for and
// does it. Its handlers use each system call that it knows once.

#include "input.h"

namespace {

deployed::u64 length(const char* text) {
    deployed::u64 size_bytes = 0;
    while (text[size_bytes] != 0) {
        ++size_bytes;
    }
    return size_bytes;
}

}  // namespace

extern "C" deployed::u64 entrypoint(const deployed::u8* bytes) {
    deployed::Input input;
    if (!deployed::read_input(bytes, input)) {
        return deployed::kTooManyAccounts;
    }
    const deployed::Handler* handler =
        input.data_bytes == 0 ? nullptr : deployed::find_handler(input.data[0]);
    if (handler == nullptr) {
        return deployed::kNoSuchHandler;
    }
    deployed::sol_log_(handler->name, length(handler->name));
    return handler->run(input);
}
