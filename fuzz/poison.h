// SPDX-License-Identifier: Apache-2.0
/* What AddressSanitizer is told about memory; nothing where it is not built in. */
#ifndef WZP_FUZZ_POISON_H
#define WZP_FUZZ_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#define FUZZ_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_HAS_ASAN 1
#endif
#endif
#ifdef FUZZ_HAS_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

#endif
