/* Calls: sent by number once the server has given one, as a whole before, and again as a whole where it has forgotten. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define PATIENCE_S 0.05 /* after which a call leaves the lane: its worker may be at something long, and others free */
#define MOST_LANE_SLOTS 16
#define FIRST_PAUSE 16
#define LONGEST_PAUSE 4096
#define LOOK_AGAIN_S 1e-3 /* where another thread listens to the lane's bell */
#define GRACE_S 1.0 /* how much longer than the server an answer is waited for that says so itself */

/* ---- messages ---- */

static size_t size_of_bound(const gridgrad_problem *problem) {
  size_t numbers = problem->number_count * sizeof(double);
  size_t fixed = gg_varint_size((uint64_t)GG_GRID_GRADIENT_REQUEST_BOUND << 3) + 8;
  size_t field = numbers ? gg_varint_size((uint64_t)GG_GRID_GRADIENT_REQUEST_NUMBERS << 3) : 0;
  return fixed + field + (numbers ? gg_varint_size(numbers) + numbers : 0);
}

static void write_bound(const gg_slot *slot, gg_buffer *frame) {
  gg_tag(frame, GG_SESSION_REQUEST_REQUEST, GG_LEN);
  gg_varint(frame, size_of_bound(slot->problem));
  gg_fixed64(frame, GG_GRID_GRADIENT_REQUEST_BOUND, slot->used_bound);
  if (slot->numbers.size) gg_bytes(frame, GG_GRID_GRADIENT_REQUEST_NUMBERS, slot->numbers.data, slot->numbers.size);
}

static void write_all(const gg_slot *slot, gg_buffer *frame) {
  const gridgrad_problem *problem = slot->problem;
  gg_tag(frame, GG_SESSION_REQUEST_REQUEST, GG_LEN);
  gg_varint(frame, problem->whole.size);
  size_t begin = frame->size, at = 0;
  gg_raw(frame, problem->whole.data, problem->whole.size);
  if (frame->failed) return;
  for (size_t i = 0; i < problem->hole_count; ++i) {
    gg_hole hole = problem->holes[i];
    if (hole.size) memcpy(frame->data + begin + hole.offset, slot->numbers.data + at, hole.size);
    at += hole.size;
  }
}

static bool write_frame(gg_slot *slot) {
  gg_memory *memory = slot->problem->connection->memory;
  gg_buffer *frame = &slot->frame;
  frame->size = 0;
  frame->failed = false;
  gg_raw(frame, "\0\0\0\0", 4);
  gg_uint(frame, GG_SESSION_REQUEST_ID, slot->call);
  if (slot->asks_slots) gg_uint(frame, GG_SESSION_REQUEST_LANE_SLOTS, slot->asks_slots);
  if (slot->timeout_s > 0) gg_double(frame, GG_SESSION_REQUEST_TIMEOUT_S, slot->timeout_s);
  gg_write_released(memory, frame);
  if (slot->used_bound)
    write_bound(slot, frame);
  else
    write_all(slot, frame);
  if (!frame->failed && frame->size - 4 <= UINT32_MAX) gg_put32(frame->data, (uint32_t)(frame->size - 4));
  return !frame->failed && frame->size - 4 <= UINT32_MAX;
}

static void send_short(gridgrad_connection *connection, uint64_t cancel) {
  gg_buffer frame = {0};
  gg_raw(&frame, "\0\0\0\0", 4);
  gg_write_released(connection->memory, &frame);
  if (cancel) gg_uint(&frame, GG_SESSION_REQUEST_CANCEL, cancel);
  if (!frame.failed) {
    gg_put32(frame.data, (uint32_t)(frame.size - 4));
    gg_send(connection, frame.data, frame.size, 0);
  }
  gg_free(&frame);
}

/* ---- slots ---- */

static gg_slot *free_slot(gridgrad_connection *connection, gridgrad_error *error) {
  for (size_t i = 0; i < GRIDGRAD_MAX_CALLS; ++i) {
    gg_slot *slot = connection->slots[i];
    if (!slot && !(slot = connection->slots[i] = calloc(1, sizeof *slot))) {
      gg_no_memory(error);
      return NULL;
    }
    if (slot->state == GG_IDLE) {
      slot->call = ++connection->calls * GRIDGRAD_MAX_CALLS + i;
      return slot;
    }
  }
  gg_fail(error, GRIDGRAD_BUSY, "", "as many calls under way as there may be", "wait for one of them first");
  return NULL;
}

static uint64_t under_way_of(const gridgrad_problem *problem) {
  uint64_t count = 0;
  for (size_t i = 0; i < GRIDGRAD_MAX_CALLS; ++i) {
    const gg_slot *slot = problem->connection->slots[i];
    count += slot && slot->problem == problem && slot->state != GG_IDLE;
  }
  return count;
}

/* For how many slots one is to ask on the lane: one more than calls that are under way, so that results need no copy. Once,
 * and now and then where that was refused or is too little. 0 for none. */
static uint64_t slots_to_ask(gridgrad_problem *problem) {
  gridgrad_connection *connection = problem->connection;
  bool has_one = connection->lane && connection->lane->number == problem->lane_number;
  if (!connection->has_lanes || !problem->bound || (has_one && !problem->is_short) || connection->asking) return 0;
  if (problem->ask_after-- > 0) return 0;
  problem->ask_pause = problem->ask_pause ? problem->ask_pause * 2 : FIRST_PAUSE;
  if (problem->ask_pause > LONGEST_PAUSE) problem->ask_pause = LONGEST_PAUSE;
  problem->ask_after = problem->ask_pause;
  uint64_t count = 2 + under_way_of(problem);
  return count < MOST_LANE_SLOTS ? count : MOST_LANE_SLOTS;
}

static gg_slot *taken(gridgrad_problem *problem, double timeout_s, gridgrad_error *error) {
  gridgrad_connection *connection = problem->connection;
  if (connection->is_broken) {
    if (error) *error = connection->why;
    return NULL;
  }
  gg_slot *slot = free_slot(connection, error);
  if (!slot) return NULL;
  slot->problem = problem;
  slot->timeout_s = timeout_s;
  slot->give_up_at = timeout_s > 0 ? gg_now() + timeout_s + GRACE_S : 0;
  slot->used_bound = problem->bound;
  slot->asks_slots = 0;
  slot->is_waited_for = slot->has_header = slot->has_lease = false;
  memset(&slot->error, 0, sizeof slot->error);
  return slot;
}

static bool keep_numbers(gg_slot *slot, const double *numbers) {
  slot->numbers.size = 0;
  slot->numbers.failed = false;
  gg_raw(&slot->numbers, numbers, slot->problem->number_count * sizeof *numbers);
  return !slot->numbers.failed;
}

static int check(const gridgrad_problem *problem, const double *numbers, double timeout_s, gridgrad_error *error) {
  if (error) memset(error, 0, sizeof *error);
  if (!problem) return gg_fail(error, GRIDGRAD_REQUEST, "problem", "none", "look at what gridgrad_bind has said");
  if (!numbers && problem->number_count)
    return gg_fail(error, GRIDGRAD_REQUEST, "numbers", "none", "give those of the varying inputs");
  if (!(timeout_s >= 0 && timeout_s < 1e18))
    return gg_fail(error, GRIDGRAD_REQUEST, "timeout_s", "no number of seconds", "give 0 for as long as it takes");
  return GRIDGRAD_OK;
}

/* ---- the lane ---- */

static void leave_slot(gg_slot *slot) {
  if (slot->lane) gg_leave_slot(slot->lane, slot->lane_slot);
  slot->lane = NULL;
}

static void forget_if_lost(gridgrad_connection *connection, gg_lane *lane) {
  if (!lane->is_lost || connection->lane != lane) return;
  connection->lane = NULL;
  gg_leave_lane(lane);
}

/* Begins a call on the lane, if it can go there. */
static bool goes_by_lane(gg_slot *slot) {
  gridgrad_problem *problem = slot->problem;
  const gg_grant *grant = &problem->grant;
  gg_lane *lane = problem->connection->lane;
  if (!lane || lane->number != problem->lane_number || lane->is_lost || grant->bound != problem->bound ||
      problem->header.bytes != grant->result_bytes || slot->numbers.size != grant->numbers_bytes)
    return false;
  slot->lane_slot = gg_begin_on_lane(lane, grant, slot->numbers.data);
  problem->is_short = slot->lane_slot < 0 && grant->slots < MOST_LANE_SLOTS;
  if (slot->lane_slot < 0) return false;
  slot->lane = lane;
  slot->grant = *grant;
  slot->header = problem->header;
  ++lane->references;
  return true;
}

/* Begins a call: on the lane, or with a message that is still to be sent. False: there is no memory. */
static bool begin(gg_slot *slot) {
  gridgrad_connection *connection = slot->problem->connection;
  if (goes_by_lane(slot)) {
    slot->state = GG_ON_LANE;
    return true;
  }
  slot->asks_slots = slots_to_ask(slot->problem);
  if (!write_frame(slot)) return false;
  if (slot->asks_slots) connection->asking = slot->problem;
  slot->state = GG_UNDER_WAY;
  return true;
}

int gridgrad_submit(gridgrad_problem *problem, const double *numbers, double timeout_s, uint64_t *call,
                    gridgrad_error *error) {
  int reason = check(problem, numbers, timeout_s, error);
  if (!reason && !call) reason = gg_fail(error, GRIDGRAD_REQUEST, "call", "none", "give where its number goes");
  if (reason) return reason;
  gridgrad_error why;
  gridgrad_connection *connection = problem->connection;
  pthread_mutex_lock(&connection->lock);
  gg_slot *slot = taken(problem, timeout_s, &why);
  if (slot && !(keep_numbers(slot, numbers) && begin(slot))) {
    gg_no_memory(&why);
    slot = NULL;
  }
  bool is_to_be_sent = slot && slot->state == GG_UNDER_WAY;
  if (slot) *call = slot->call;
  pthread_mutex_unlock(&connection->lock);
  if (!slot) {
    if (error) *error = why;
    return why.reason;
  }
  /* What goes wrong, waiting for it says */
  if (is_to_be_sent) gg_send(connection, slot->frame.data, slot->frame.size, slot->give_up_at);
  return GRIDGRAD_OK;
}

/* ---- waiting ---- */

static void wait_for_change(gridgrad_connection *connection, double until) {
  if (until <= 0) {
    pthread_cond_wait(&connection->changed, &connection->lock);
    return;
  }
  time_t seconds = (time_t)until;
  struct timespec at = {seconds, (long)(1e9 * (until - (double)seconds))};
  pthread_cond_timedwait(&connection->changed, &connection->lock, &at);
}

/* Sends a call by the session; called and left with the lock held. */
static void send_again(gridgrad_connection *connection, gg_slot *slot) {
  if (!write_frame(slot)) {
    gg_no_memory(&slot->error);
    slot->state = GG_ANSWERED;
    return;
  }
  slot->state = GG_UNDER_WAY;
  pthread_mutex_unlock(&connection->lock);
  gg_send(connection, slot->frame.data, slot->frame.size, slot->give_up_at);
  pthread_mutex_lock(&connection->lock);
}

/* Sends a call again as a whole, since the server has forgotten its number. */
static void repeat(gridgrad_connection *connection, gg_slot *slot) {
  if (slot->problem->bound == slot->used_bound) slot->problem->bound = 0;
  if (connection->asking == slot->problem) connection->asking = NULL;
  slot->asks_slots = 0;
  slot->used_bound = 0;
  memset(&slot->error, 0, sizeof slot->error);
  send_again(connection, slot);
}

/* Leaves a result where it lies while other calls find slots, and else copies it. False: there is no memory. */
static bool take_result(gridgrad_connection *connection, gg_slot *slot, const unsigned char *result) {
  slot->on_lane = result;
  if (gg_has_free_slot(slot->lane, &slot->grant)) return true;
  slot->copy = gg_new_block(connection->memory, slot->grant.result_bytes);
  if (!slot->copy) return false;
  memcpy(slot->copy->data, result, (size_t)slot->grant.result_bytes);
  leave_slot(slot);
  return true;
}

/* Waits for the answer to a call on the lane; one that does not come, or says no, is asked for by the session. */
static void take_from_lane(gridgrad_connection *connection, gg_slot *slot) {
  gg_lane *lane = slot->lane;
  double until = gg_now() + (slot->timeout_s > 0 && slot->timeout_s < PATIENCE_S ? slot->timeout_s : PATIENCE_S);
  if (slot->give_up_at > 0 && slot->give_up_at < until) until = slot->give_up_at;
  while (!gg_is_done(lane, slot->lane_slot) && !lane->is_lost && gg_now() < until) {
    if (lane->is_waited_at) {
      wait_for_change(connection, gg_now() + LOOK_AGAIN_S);
      continue;
    }
    lane->is_waited_at = true;
    pthread_mutex_unlock(&connection->lock);
    gg_wait_on_lane(lane, slot->lane_slot, until);
    pthread_mutex_lock(&connection->lock);
    lane->is_waited_at = false;
    pthread_cond_broadcast(&connection->changed);
  }
  double seconds = 0;
  const unsigned char *result =
      gg_is_done(lane, slot->lane_slot) ? gg_result_on_lane(lane, &slot->grant, slot->lane_slot, &seconds) : NULL;
  forget_if_lost(connection, lane);
  if (!result || !take_result(connection, slot, result)) {
    leave_slot(slot);
    send_again(connection, slot);
    return;
  }
  slot->header.queue_s = 0;
  slot->header.compute_s = seconds;
  slot->state = GG_ANSWERED;
}

static void give_windows_back(gridgrad_connection *connection, const gg_slot *slot) {
  if (!slot->copy || slot->state != GG_UNDER_WAY || !gg_has_released(connection->memory)) return;
  pthread_mutex_unlock(&connection->lock);
  send_short(connection, 0);
  pthread_mutex_lock(&connection->lock);
}

/* Waits until a call is answered. False: its time is over. */
static bool is_answered(gridgrad_connection *connection, gg_slot *slot) {
  while (slot->state != GG_ANSWERED && (slot->state == GG_ON_LANE || !connection->is_broken)) {
    if (slot->state == GG_ON_LANE) {
      take_from_lane(connection, slot);
    } else if (slot->state == GG_TO_REPEAT) {
      repeat(connection, slot);
    } else if (slot->give_up_at > 0 && gg_now() >= slot->give_up_at) {
      return false;
    } else {
      if (connection->is_read)
        wait_for_change(connection, slot->give_up_at);
      else
        gg_read_once(connection);
      give_windows_back(connection, slot);
    }
  }
  return true;
}

static void fill(gg_slot *slot, gridgrad_result *result) {
  gg_memory *memory = slot->problem->connection->memory;
  const gg_header *header = &slot->header;
  memset(result, 0, sizeof *result);
  result->data = slot->lane ? slot->on_lane : slot->has_lease ? memory->map + slot->offset : slot->copy->data;
  result->dtype = header->dtype;
  result->ndim = header->ndim;
  memcpy(result->shape, header->shape, sizeof result->shape);
  result->points = (int64_t)header->points;
  result->components = header->components;
  result->derivatives = header->derivatives;
  result->queue_s = header->queue_s;
  result->compute_s = header->compute_s;
  result->problem = slot->problem;
  if (slot->lane) {
    result->lease = (uint64_t)slot->lane_slot;
    result->owner = slot->lane;
    slot->lane = NULL;
  } else if (slot->has_lease) {
    gg_hold(memory);
    result->lease = slot->lease;
    result->owner = memory;
  } else {
    result->owner = slot->copy;
    slot->copy = NULL;
  }
}

static int finish(gridgrad_connection *connection, gg_slot *slot, gridgrad_result *result, gridgrad_error *error) {
  const gridgrad_error *why = slot->state == GG_ANSWERED ? &slot->error : &connection->why;
  int reason = why->reason;
  if (reason && error) *error = *why;
  if (!reason) fill(slot, result);
  gg_free_block(slot->copy);
  slot->copy = NULL;
  slot->state = GG_IDLE;
  return reason;
}

static gg_slot *under_way(gridgrad_connection *connection, const gridgrad_problem *problem, uint64_t call) {
  gg_slot *slot = connection->slots[call % GRIDGRAD_MAX_CALLS];
  bool is_known = slot && slot->call == call && slot->problem == problem && slot->state != GG_IDLE &&
                  slot->state != GG_GIVEN_UP;
  return is_known ? slot : NULL;
}

int gridgrad_wait(gridgrad_problem *problem, uint64_t call, gridgrad_result *result, gridgrad_error *error) {
  if (error) memset(error, 0, sizeof *error);
  if (!problem || !result) return gg_fail(error, GRIDGRAD_REQUEST, "", "no problem or no result", "give both");
  gridgrad_connection *connection = problem->connection;
  pthread_mutex_lock(&connection->lock);
  gg_slot *slot = under_way(connection, problem, call);
  int reason;
  uint64_t given_up = 0;
  if (!slot || slot->is_waited_for) {
    reason = gg_fail(error, GRIDGRAD_REQUEST, "call", "no call that is under way", "wait once for each");
  } else {
    slot->is_waited_for = true;
    if (is_answered(connection, slot)) {
      reason = finish(connection, slot, result, error);
    } else {
      slot->state = GG_GIVEN_UP;
      given_up = slot->call;
      reason = gg_fail(error, GRIDGRAD_DEADLINE, "", "the time was over before the result was there", "allow more time");
    }
  }
  pthread_mutex_unlock(&connection->lock);
  if (given_up) send_short(connection, given_up);
  return reason;
}

int gridgrad_call(gridgrad_problem *problem, const double *numbers, double timeout_s, gridgrad_result *result,
                  gridgrad_error *error) {
  if (!result) return gg_fail(error, GRIDGRAD_REQUEST, "result", "none", "give where it goes");
  uint64_t call;
  int reason = gridgrad_submit(problem, numbers, timeout_s, &call, error);
  return reason ? reason : gridgrad_wait(problem, call, result, error);
}

void gridgrad_cancel(gridgrad_problem *problem, uint64_t call) {
  if (!problem) return;
  gridgrad_connection *connection = problem->connection;
  pthread_mutex_lock(&connection->lock);
  gg_slot *slot = under_way(connection, problem, call);
  bool is_to_be_told = slot && slot->state == GG_UNDER_WAY && !connection->is_broken;
  pthread_mutex_unlock(&connection->lock);
  if (is_to_be_told) send_short(connection, call);
}

/* ---- results ---- */

static const void *plane(const gridgrad_result *result, int derivative, int component) {
  if (!result || !result->data || component < 0 || component >= result->components || derivative < 0) return NULL;
  size_t width = result->dtype == GRIDGRAD_FLOAT32 ? 4 : 8;
  size_t number = (size_t)derivative * (size_t)result->components + (size_t)component;
  return (const unsigned char *)result->data + number * (size_t)result->points * width;
}

const void *gridgrad_value(const gridgrad_result *result, int component) { return plane(result, 0, component); }

static bool has_derivative(const gridgrad_result *result, int derivative) {
  return result && result->problem && derivative >= 0 && (size_t)derivative < result->problem->wrt_count;
}

const void *gridgrad_gradient(const gridgrad_result *result, int derivative) {
  if (!has_derivative(result, derivative) || !result->problem->is_pullback || !result->data) return NULL;
  int place = result->problem->place[derivative];
  size_t width = result->dtype == GRIDGRAD_FLOAT32 ? 4 : 8;
  return place < result->points ? (const unsigned char *)result->data + (size_t)place * width : NULL;
}

const void *gridgrad_partial(const gridgrad_result *result, int derivative, int component) {
  if (!has_derivative(result, derivative) || result->problem->is_pullback) return NULL;
  return plane(result, result->problem->place[derivative], component);
}

void gridgrad_release(gridgrad_result *result) {
  if (!result || !result->owner) return;
  switch (*(const gg_owner *)result->owner) {
    case GG_MEMORY:
      gg_give_back(result->owner, result->lease);
      gg_let_go(result->owner);
      break;
    case GG_BLOCK: gg_free_block(result->owner); break;
    case GG_LANE: gg_leave_slot(result->owner, (int)result->lease);
  }
  memset(result, 0, sizeof *result);
}

#define TEXT_OF(value) #value
#define AS_TEXT(value) TEXT_OF(value)

const char *gridgrad_version(void) { return AS_TEXT(GRIDGRAD_VERSION); }
