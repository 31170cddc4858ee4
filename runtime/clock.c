/* Time for profiles and for what may take how long. */
#include "internal.h"

enum { CLOCK_MONOTONIC_ID = 1 };

uint64_t nncrt_nanoseconds(void) {
  nncrt_timespec now = {0, 0};
  clock_gettime(CLOCK_MONOTONIC_ID, &now);
  return (uint64_t)now.seconds * 1000000000u + (uint64_t)now.nanoseconds;
}
