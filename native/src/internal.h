/* The parts of a connection: see connection.c for how they work together. */

#ifndef GG_INTERNAL_H
#define GG_INTERNAL_H

#include <pthread.h>
#include <time.h>

#include "wire.h"

#define GG_MOST_LEASES 4096

/* What a result lies in: the first of each of these, by which it is told what gives it back. */
typedef enum { GG_MEMORY, GG_BLOCK, GG_LANE } gg_owner;

/* A result that does not lie in the memory, and is the library's. Small ones are kept to be used again. */
typedef struct gg_block {
  gg_owner kind;
  struct gg_memory *memory;
  struct gg_block *next;
  size_t capacity;
  unsigned char data[];
} gg_block;

/* The memory that the server shares. It outlives the connection for as long as results lie in it. */
typedef struct gg_memory {
  gg_owner kind;
  pthread_mutex_t lock;
  int references;
  unsigned char *map;
  size_t size;
  uint64_t released[GG_MOST_LEASES]; /* which the server is to be told of */
  size_t released_count;
  gg_block *spare; /* to be used again */
  size_t spare_count;
} gg_memory;

gg_memory *gg_map(int descriptor, uint64_t size, gridgrad_error *error);
void gg_hold(gg_memory *memory);
void gg_let_go(gg_memory *memory);
void gg_give_back(gg_memory *memory, uint64_t lease);
/* Writes the field of released leases, and forgets them. */
void gg_write_released(gg_memory *memory, gg_buffer *buffer);
bool gg_has_released(gg_memory *memory);
/* A block of zeros, or of what it was before where that is small; NULL where there is no memory. */
gg_block *gg_new_block(gg_memory *memory, uint64_t size);
void gg_free_block(gg_block *block);

/* Slots of a lane for the calls of a number, as far as they were granted. */
typedef struct gg_grant {
  uint64_t bound, slots, first_slot, numbers_offset, numbers_bytes, result_offset, result_bytes, stride, memory_bytes;
} gg_grant;

/* Memory by which calls go to a worker and back without the server: see lane.c. */
typedef struct gg_lane {
  gg_owner kind;
  uint64_t number; /* another than that of any lane before, which may have lain at the same address */
  _Atomic int references;
  _Atomic uint64_t taken; /* a bit for each slot that has a call, or a result that is not released; set under the lock */
  bool is_waited_at;  /* under the connection's lock: by a thread, for its answer; one at a time listens to the bell */
  uint32_t asked[64]; /* likewise: the last number of each slot */
  _Atomic bool is_lost;
  unsigned char *map;
  size_t size;
  int bell;
  double answered_at; /* of who waits, as the rest */
  int luck, tries_after;
} gg_lane;

/* A lane with its memory and its bell, which it takes over; NULL if it can't be. */
gg_lane *gg_open_lane(int descriptor, uint64_t size, int bell);
/* Lets a lane go; who lets it go last closes it. */
void gg_leave_lane(gg_lane *lane);
/* Lets a slot take another call, and its lane go. */
void gg_leave_slot(gg_lane *lane, int slot);
/* Whether slots lie in a lane. */
bool gg_fits(const gg_lane *lane, const gg_grant *grant);
/* Takes one of the slots that were granted for a call, and begins it; the slot, or -1 where none is free. Under the lock. */
int gg_begin_on_lane(gg_lane *lane, const gg_grant *grant, const void *numbers);
/* Whether another slot of a grant is free: a result may then stay where it lies until it is released. */
bool gg_has_free_slot(const gg_lane *lane, const gg_grant *grant);
/* Whether the call of a slot is done. */
bool gg_is_done(const gg_lane *lane, int slot);
/* Waits for that until a time, or until the lane is lost; called by one thread at a time. */
void gg_wait_on_lane(gg_lane *lane, int slot, double until);
/* Where the result of a call that is done lies, and the seconds that it took; NULL where it was not computed. */
const unsigned char *gg_result_on_lane(const gg_lane *lane, const gg_grant *grant, int slot, double *seconds);

/* An answer, as far as it was read. */
typedef struct gg_answer {
  uint64_t call;
  gg_span status, data;
  gg_span header; /* empty where there is none */
  bool has_status, has_lease, has_window, is_last, has_grant, has_lanes;
  gg_grant grant;
  uint64_t lease, offset, size, memory_bytes;
  uint64_t first_plane, planes, first_point, points;
} gg_answer;

/* Reads a SessionResponse; false for what is none. */
bool gg_read_answer(gg_span message, gg_answer *answer);

/* A header, as far as it matters here. */
typedef struct gg_header {
  int dtype, ndim, components, derivatives;
  int64_t shape[GRIDGRAD_MAX_DIMS];
  uint64_t points, planes, bytes; /* of the whole result */
  uint64_t bound;
  double queue_s, compute_s;
} gg_header;

/* Reads a ResultHeader; false for what is none, or whose size can't be. */
bool gg_read_header(gg_span raw, gg_header *header);
/* Finds a derivative of a header, given as names with commas; its position, or -1. */
int gg_find_derivative(gg_span raw, const char *wrt);

typedef enum { GG_IDLE, GG_UNDER_WAY, GG_ON_LANE, GG_ANSWERED, GG_TO_REPEAT, GG_GIVEN_UP } gg_state;

/* A call under way. */
typedef struct gg_slot {
  gg_state state;
  uint64_t call;
  gridgrad_problem *problem;
  gg_buffer numbers, frame;
  uint64_t used_bound; /* the number that it was sent by; 0 for the whole */
  double timeout_s;
  double give_up_at; /* by gg_now; 0 for never */
  bool is_waited_for;
  uint64_t asks_slots; /* of the lane, for later calls */
  gg_lane *lane;       /* that it goes by, in a slot of a grant */
  gg_grant grant;
  int lane_slot;
  const unsigned char *on_lane; /* its result, where that stays */
  gridgrad_error error;
  gg_header header;
  bool has_header, has_lease;
  uint64_t lease, offset;
  gg_block *copy; /* of a result that does not lie in the memory as a whole */
} gg_slot;

struct gridgrad_connection {
  int socket;
  gg_memory *memory;
  pthread_mutex_t lock; /* of all below; held for moments */
  pthread_cond_t changed;
  pthread_mutex_t sending; /* held while a message is written */
  bool is_read;            /* whether a thread reads */
  bool is_broken;
  gridgrad_error why;
  uint64_t calls;
  gg_slot *slots[GRIDGRAD_MAX_CALLS];
  bool has_lanes;           /* whether a lane may be asked for */
  gg_lane *lane;            /* NULL where there is none */
  uint64_t lanes;           /* that there have been */
  gridgrad_problem *asking; /* whose calls it was asked for last, until that is answered */
  int descriptors[4];       /* that have come for it */
  size_t descriptor_count;
  gg_buffer in; /* what has come; of the thread that reads */
};

/* Where the numbers of a varying input stand in the whole request. */
typedef struct gg_hole {
  size_t offset, size;
} gg_hole;

struct gridgrad_problem {
  gridgrad_connection *connection;
  gg_buffer whole; /* the serialized request, zeros where numbers go */
  gg_hole *holes;
  size_t hole_count, number_count;
  char **wrt; /* the derivatives, as they were asked for */
  int *place; /* for each its position in results; after the first answer */
  size_t wrt_count;
  bool is_known;
  bool is_pullback; /* then places are positions in a row of numbers */
  uint64_t bound;
  gg_header header;  /* of its results, once it is known */
  gg_grant grant;    /* in the lane of this number, if that is still the connection's; 0 for none */
  uint64_t lane_number;
  bool is_short;            /* of slots: a call found none that was free */
  int ask_after, ask_pause; /* calls until the lane is asked for again */
};

double gg_now(void);
int gg_send(gridgrad_connection *connection, const unsigned char *data, size_t size, double give_up_at);
/* Reads once, waiting for a while, and takes in what has come. Called and left with the lock held, by one thread. */
void gg_read_once(gridgrad_connection *connection);
void gg_break(gridgrad_connection *connection, int reason, const char *found, const char *remedy);

#endif
