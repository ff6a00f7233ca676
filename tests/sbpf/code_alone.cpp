// A program without read-only data.

extern "C" unsigned long entrypoint(const unsigned char* input) {
    return input[0];
}
