/* What the server shares: mapped once, and given back lease by lease. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "internal.h"

#define MOST_KEPT 65536u   /* bytes of a block that is kept, */
#define MOST_SPARE 256u    /* and how many are */

static int check(int descriptor, uint64_t size, gridgrad_error *error) {
  int seals = fcntl(descriptor, F_GET_SEALS);
  struct stat status;
  if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(descriptor, &status) || status.st_size < 0 ||
      (uint64_t)status.st_size < size || size == 0 || size > SIZE_MAX)
    return gg_fail(error, GRIDGRAD_PROTOCOL, "", "memory that could be taken away while it is read",
                   "connect to a gridgrad-server, and report it if it is one");
  return GRIDGRAD_OK;
}

gg_memory *gg_map(int descriptor, uint64_t size, gridgrad_error *error) {
  if (check(descriptor, size, error)) return NULL;
  gg_memory *memory = calloc(1, sizeof *memory);
  if (!memory) {
    gg_no_memory(error);
    return NULL;
  }
  void *map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (map == MAP_FAILED) {
    gg_fail_errno(error, GRIDGRAD_MEMORY, "can't map the results", errno,
                  "raise ulimit -v, or start the server with fewer --session-bytes");
    free(memory);
    return NULL;
  }
  memory->kind = GG_MEMORY;
  memory->map = map;
  memory->size = (size_t)size;
  memory->references = 1;
  pthread_mutex_init(&memory->lock, NULL);
  return memory;
}

void gg_hold(gg_memory *memory) {
  pthread_mutex_lock(&memory->lock);
  ++memory->references;
  pthread_mutex_unlock(&memory->lock);
}

void gg_let_go(gg_memory *memory) {
  pthread_mutex_lock(&memory->lock);
  int left = --memory->references;
  pthread_mutex_unlock(&memory->lock);
  if (left) return;
  for (gg_block *block = memory->spare, *next; block; block = next) {
    next = block->next;
    free(block);
  }
  munmap(memory->map, memory->size);
  pthread_mutex_destroy(&memory->lock);
  free(memory);
}

void gg_give_back(gg_memory *memory, uint64_t lease) {
  pthread_mutex_lock(&memory->lock);
  /* A server gives no more leases than that; one that does must do without them */
  if (memory->released_count < GG_MOST_LEASES) memory->released[memory->released_count++] = lease;
  pthread_mutex_unlock(&memory->lock);
}

bool gg_has_released(gg_memory *memory) {
  pthread_mutex_lock(&memory->lock);
  bool has = memory->released_count > 0;
  pthread_mutex_unlock(&memory->lock);
  return has;
}

void gg_write_released(gg_memory *memory, gg_buffer *buffer) {
  pthread_mutex_lock(&memory->lock);
  for (size_t i = 0; i < memory->released_count; ++i)
    gg_uint(buffer, GG_SESSION_REQUEST_RELEASED, memory->released[i]);
  if (!buffer->failed) memory->released_count = 0;
  pthread_mutex_unlock(&memory->lock);
}

static gg_block *spare_block(gg_memory *memory, size_t size) {
  pthread_mutex_lock(&memory->lock);
  gg_block **place = &memory->spare;
  while (*place && (*place)->capacity < size) place = &(*place)->next;
  gg_block *found = *place;
  if (found) {
    *place = found->next;
    --memory->spare_count;
  }
  pthread_mutex_unlock(&memory->lock);
  return found;
}

gg_block *gg_new_block(gg_memory *memory, uint64_t size) {
  if (size > SIZE_MAX / 2) return NULL;
  gg_block *block = size <= MOST_KEPT ? spare_block(memory, (size_t)size) : NULL;
  if (!block) {
    block = calloc(1, sizeof *block + (size_t)size);
    if (!block) return NULL;
    block->kind = GG_BLOCK;
    block->memory = memory;
    block->capacity = (size_t)size;
  }
  gg_hold(memory);
  return block;
}

static bool is_kept(gg_block *block) {
  gg_memory *memory = block->memory;
  pthread_mutex_lock(&memory->lock);
  bool is_kept = block->capacity <= MOST_KEPT && memory->spare_count < MOST_SPARE;
  if (is_kept) {
    block->next = memory->spare;
    memory->spare = block;
    ++memory->spare_count;
  }
  pthread_mutex_unlock(&memory->lock);
  return is_kept;
}

void gg_free_block(gg_block *block) {
  if (!block) return;
  gg_memory *memory = block->memory;
  if (!is_kept(block)) free(block);
  gg_let_go(memory);
}
