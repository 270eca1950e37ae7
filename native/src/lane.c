/* The lane of a session: memory by which a call goes to a worker and back, while the server only watches.
 *
 * docs/protocol.md says what lies where. Of what the memory holds nothing is used as an address or a size. A grant has slots
 * for as many calls at once; one thread at a time listens to the bell.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "internal.h"

enum { IS_ASLEEP = 0, MAY_SPIN = 4, IS_WAITING = 64, REQUESTS = 128, ANSWERS = 384, OUTCOMES = 640, SECONDS = 896 };
enum { CONTROL_BYTES = 4096, MOST_SLOTS = 64, RING_AGAIN_US = 1000 };
enum { BEST_LUCK = 8, TRY_AFTER = 32, TRY_MUCH_LATER = 2048, LOOKS = 64 };

#define SPIN_S 30e-6      /* how long an answer is waited for busily, at most */
#define CLOSE_S 200e-6    /* after the last answer, within which a call is so close that it is */
#define PUT_ASIDE_S 100e-6

static _Atomic uint32_t *word(const gg_lane *lane, size_t at) { return (_Atomic uint32_t *)(void *)(lane->map + at); }

static uint32_t seen(const gg_lane *lane, size_t at) { return atomic_load_explicit(word(lane, at), memory_order_acquire); }

static void say(const gg_lane *lane, size_t at, uint32_t value) {
  atomic_store_explicit(word(lane, at), value, memory_order_release);
}

/* One system call then waits for a ring, and returns after a moment. */
static bool waits_for_rings(int bell) {
  struct timeval moment = {.tv_usec = RING_AGAIN_US};
  int flags = fcntl(bell, F_GETFL);
  return flags >= 0 && !fcntl(bell, F_SETFL, flags & ~O_NONBLOCK) &&
         !setsockopt(bell, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
}

gg_lane *gg_open_lane(int descriptor, uint64_t size, int bell) {
  int seals = fcntl(descriptor, F_GET_SEALS);
  struct stat status;
  gg_lane *lane = NULL;
  if (seals >= 0 && (seals & F_SEAL_SHRINK) && !fstat(descriptor, &status) && status.st_size >= 0 &&
      size >= CONTROL_BYTES && (uint64_t)status.st_size >= size && size <= SIZE_MAX && waits_for_rings(bell))
    lane = calloc(1, sizeof *lane);
  void *map = lane ? mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) : MAP_FAILED;
  close(descriptor);
  if (map == MAP_FAILED) {
    free(lane);
    close(bell);
    return NULL;
  }
  lane->kind = GG_LANE;
  lane->map = map;
  lane->size = (size_t)size;
  lane->bell = bell;
  lane->references = 1;
  lane->luck = BEST_LUCK;
  return lane;
}

void gg_leave_lane(gg_lane *lane) {
  if (!lane || atomic_fetch_sub(&lane->references, 1) > 1) return;
  munmap(lane->map, lane->size);
  close(lane->bell);
  free(lane);
}

void gg_leave_slot(gg_lane *lane, int slot) {
  atomic_fetch_and(&lane->taken, ~((uint64_t)1 << slot));
  gg_leave_lane(lane);
}

static bool lies_in(const gg_lane *lane, uint64_t offset, uint64_t bytes) {
  return offset >= CONTROL_BYTES && offset <= lane->size && bytes <= lane->size - offset;
}

bool gg_fits(const gg_lane *lane, const gg_grant *grant) {
  uint64_t last;
  return grant->slots && grant->slots <= MOST_SLOTS && grant->first_slot <= MOST_SLOTS - grant->slots &&
         grant->result_offset % 8 == 0 && grant->stride % 8 == 0 &&
         !__builtin_mul_overflow(grant->slots - 1, grant->stride, &last) && last <= lane->size &&
         lies_in(lane, grant->numbers_offset, grant->numbers_bytes) &&
         lies_in(lane, grant->result_offset, grant->result_bytes) &&
         lies_in(lane, grant->numbers_offset + last, grant->numbers_bytes) &&
         lies_in(lane, grant->result_offset + last, grant->result_bytes);
}

static void ring(gg_lane *lane) {
  if (send(lane->bell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN) lane->is_lost = true;
}

/* Waits busily, where calls come close together, there are processors for it, and that has mostly been of use. */
static bool comes_soon(gg_lane *lane, size_t place, uint32_t number) {
  double now = gg_now();
  if (now - lane->answered_at > CLOSE_S || !seen(lane, MAY_SPIN)) return seen(lane, place) == number;
  if (!lane->luck) {
    if (--lane->tries_after > 0) return seen(lane, place) == number;
    lane->tries_after = TRY_AFTER;
  }
  double until = now + SPIN_S;
  do {
    for (int i = 0; i < LOOKS; ++i) {
      if (seen(lane, place) == number) {
        lane->luck += lane->luck < BEST_LUCK;
        return true;
      }
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    now = gg_now();
  } while (now < until);
  lane->luck -= lane->luck > 0;
  if (now > until + PUT_ASIDE_S) { /* others want the processor */
    lane->luck = 0;
    lane->tries_after = TRY_MUCH_LATER;
  }
  return false;
}

/* Sleeps until the bell rings, or for a moment. */
static void listen_to_bell(gg_lane *lane) {
  char rings[64];
  ssize_t count = recv(lane->bell, rings, sizeof rings, 0);
  if (!count || (count < 0 && errno != EAGAIN && errno != EINTR)) lane->is_lost = true;
}

/* The first slot of a grant that has neither a call nor a result; -1 for none. */
static int free_slot(const gg_lane *lane, const gg_grant *grant) {
  uint64_t taken = atomic_load(&lane->taken);
  int slot = (int)grant->first_slot, end = slot + (int)grant->slots;
  /* What was given up keeps its slot until it is done */
  while (slot < end && ((taken >> slot & 1) || !gg_is_done(lane, slot))) ++slot;
  return slot < end ? slot : -1;
}

bool gg_has_free_slot(const gg_lane *lane, const gg_grant *grant) { return free_slot(lane, grant) >= 0; }

int gg_begin_on_lane(gg_lane *lane, const gg_grant *grant, const void *numbers) {
  int first = (int)grant->first_slot, slot = free_slot(lane, grant);
  if (slot < 0) return -1;
  atomic_fetch_or(&lane->taken, (uint64_t)1 << slot);
  if (grant->numbers_bytes)
    memcpy(lane->map + grant->numbers_offset + (uint64_t)(slot - first) * grant->stride, numbers,
           (size_t)grant->numbers_bytes);
  say(lane, REQUESTS + 4 * (size_t)slot, ++lane->asked[slot]);
  atomic_thread_fence(memory_order_seq_cst);
  if (seen(lane, IS_ASLEEP)) ring(lane);
  return slot;
}

bool gg_is_done(const gg_lane *lane, int slot) { return seen(lane, ANSWERS + 4 * (size_t)slot) == lane->asked[slot]; }

void gg_wait_on_lane(gg_lane *lane, int slot, double until) {
  size_t place = ANSWERS + 4 * (size_t)slot;
  uint32_t number = lane->asked[slot];
  if (!comes_soon(lane, place, number)) {
    say(lane, IS_WAITING, 1);
    atomic_thread_fence(memory_order_seq_cst);
    while (seen(lane, place) != number && !lane->is_lost && gg_now() < until) {
      listen_to_bell(lane);
      if (seen(lane, place) != number && seen(lane, IS_ASLEEP)) ring(lane);
    }
    say(lane, IS_WAITING, 0);
  }
  lane->answered_at = gg_now();
}

const unsigned char *gg_result_on_lane(const gg_lane *lane, const gg_grant *grant, int slot, double *seconds) {
  memcpy(seconds, lane->map + SECONDS + 8 * (size_t)slot, sizeof *seconds);
  if (seen(lane, OUTCOMES + 4 * (size_t)slot) != 0) return NULL;
  return lane->map + grant->result_offset + ((uint64_t)slot - grant->first_slot) * grant->stride;
}
