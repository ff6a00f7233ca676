#pragma once

// rapidjson 1.1 adds zero and more to a null pointer when a buffer is empty (internal/stack.h).
// That does what it should on every machine, but UndefinedBehaviorSanitizer stops there; so that
// one check is off inside its headers and nowhere else.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif

#include <rapidjson/memorystream.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#if defined(__clang__)
#pragma clang attribute pop
#endif
