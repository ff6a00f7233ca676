// A call of a function that nobody has.

extern "C" unsigned long no_such_function(unsigned long n);

extern "C" unsigned long entrypoint(const unsigned char* input) {
    return no_such_function(input[0]);
}
