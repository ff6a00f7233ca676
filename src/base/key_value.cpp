#include "base/key_value.h"
