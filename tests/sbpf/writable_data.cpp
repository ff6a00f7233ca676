// A variable that is not constant.

unsigned long counter = 5;

extern "C" unsigned long entrypoint(const unsigned char*) {
    return ++counter;
}
