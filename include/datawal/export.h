// Which symbols a shared library of datawal shows: the public API and nothing else.
#pragma once

#if defined(__GNUC__)
#define DATAWAL_EXPORT __attribute__((visibility("default")))
#else
#define DATAWAL_EXPORT
#endif
