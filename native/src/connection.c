/* A connection: one socket, on which any number of threads have calls under way.
 *
 * Whoever waits for an answer reads from the socket, unless another thread does; that one takes in the answers of all.
 * What is under way is told apart by numbers: the position of its slot, and how many calls there were before.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

#define FIRST_ROOM 65536u
#define MOST_FRAME (1u << 30)
#define SLICE_MS 100 /* how long it is waited without a look at the time */

double gg_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int left_ms(double until) {
  if (until <= 0) return -1;
  double left = 1e3 * (until - gg_now());
  return left <= 0 ? 0 : left > 1e6 ? 1000000 : (int)left + 1;
}

void gg_break(gridgrad_connection *connection, int reason, const char *found, const char *remedy) {
  if (connection->is_broken) return;
  connection->is_broken = true;
  gg_fail(&connection->why, reason, "", found, remedy);
  pthread_cond_broadcast(&connection->changed);
}

static void lost(gridgrad_connection *connection) {
  gg_break(connection, GRIDGRAD_UNAVAILABLE, "the server has ended the session", "connect again");
}

/* ---- answers ---- */

static void bad_answer(gridgrad_connection *connection) {
  gridgrad_error why;
  gg_bad_protocol(&why);
  gg_break(connection, GRIDGRAD_PROTOCOL, why.found, why.remedy);
}

static bool learn(gg_slot *slot, gg_span raw) {
  gridgrad_problem *problem = slot->problem;
  if (!gg_read_header(raw, &slot->header)) return false;
  slot->has_header = true;
  problem->header = slot->header;
  if (slot->header.bound) problem->bound = slot->header.bound;
  if (problem->is_known) return true;
  for (size_t i = 0; i < problem->wrt_count; ++i) {
    problem->place[i] = gg_find_derivative(raw, problem->wrt[i]);
    if (problem->place[i] < 0) return false;
  }
  problem->is_known = true;
  return true;
}

static bool copy_part(gridgrad_connection *connection, gg_slot *slot, const gg_answer *answer) {
  const gg_header *header = &slot->header;
  uint64_t width = header->points ? header->bytes / header->points / header->planes : 0, row;
  if (answer->planes > header->planes || answer->first_plane > header->planes - answer->planes ||
      answer->points > header->points || answer->first_point > header->points - answer->points ||
      __builtin_mul_overflow(answer->points, width, &row) || answer->size != row * answer->planes)
    return false;
  if (!slot->copy) slot->copy = gg_new_block(connection->memory, header->bytes);
  if (!slot->copy) return true; /* said at the end */
  const unsigned char *from = connection->memory->map + answer->offset;
  for (uint64_t plane = 0; plane < answer->planes; ++plane)
    memcpy(slot->copy->data + ((answer->first_plane + plane) * header->points + answer->first_point) * width,
           from + plane * row, row);
  return true;
}

static bool take_result(gridgrad_connection *connection, gg_slot *slot, const gg_answer *answer) {
  if (answer->has_lease && (answer->size > connection->memory->size ||
                            answer->offset > connection->memory->size - answer->size))
    return false;
  if (answer->header.size && !learn(slot, answer->header)) return false;
  if (!slot->has_header) return false;
  if (answer->has_window) {
    if (!answer->has_lease || !copy_part(connection, slot, answer)) return false;
    gg_give_back(connection->memory, answer->lease);
    if (!answer->is_last) return true;
    if (!slot->copy) gg_no_memory(&slot->error);
  } else if (answer->has_lease) {
    if (answer->size != slot->header.bytes) return false;
    slot->has_lease = true;
    slot->lease = answer->lease;
    slot->offset = answer->offset;
  } else {
    if (answer->data.size != slot->header.bytes) return false;
    slot->copy = gg_new_block(connection->memory, answer->data.size);
    if (!slot->copy)
      gg_no_memory(&slot->error);
    else if (answer->data.size)
      memcpy(slot->copy->data, answer->data.data, answer->data.size);
  }
  slot->state = GG_ANSWERED;
  return true;
}

/* Takes in an answer to a call that nobody waits for any more. */
static void drop(gridgrad_connection *connection, gg_slot *slot, const gg_answer *answer) {
  if (answer->has_lease) gg_give_back(connection->memory, answer->lease);
  if (answer->has_status || !answer->has_window || answer->is_last) {
    gg_free_block(slot->copy);
    slot->copy = NULL;
    slot->state = GG_IDLE;
  }
}

static void drop_descriptors(gridgrad_connection *connection) {
  while (connection->descriptor_count) close(connection->descriptors[--connection->descriptor_count]);
}

/* Takes in where calls of a number go from now on, if they go by the lane. */
static void take_grant(gridgrad_connection *connection, const gg_grant *grant) {
  gridgrad_problem *problem = connection->asking;
  connection->asking = NULL;
  if (grant->slots && grant->memory_bytes && connection->descriptor_count == 2) {
    gg_leave_lane(connection->lane);
    connection->lane = gg_open_lane(connection->descriptors[0], grant->memory_bytes, connection->descriptors[1]);
    connection->descriptor_count = 0;
    if (connection->lane) connection->lane->number = ++connection->lanes;
  }
  drop_descriptors(connection);
  if (!problem || problem->bound != grant->bound || !connection->lane || !gg_fits(connection->lane, grant)) return;
  problem->grant = *grant;
  problem->lane_number = connection->lane->number;
  problem->is_short = false;
}

static void take_answer(gridgrad_connection *connection, gg_span message) {
  gg_answer answer;
  if (!gg_read_answer(message, &answer)) {
    bad_answer(connection);
    return;
  }
  if (!answer.call && answer.has_grant) {
    take_grant(connection, &answer.grant);
    return;
  }
  gg_slot *slot = connection->slots[answer.call % GRIDGRAD_MAX_CALLS];
  if (!slot || slot->call != answer.call || (slot->state != GG_UNDER_WAY && slot->state != GG_GIVEN_UP)) {
    bad_answer(connection);
  } else if (slot->state == GG_GIVEN_UP) {
    drop(connection, slot, &answer);
  } else if (answer.has_status) {
    int reason = gg_read_status(answer.status, &slot->error);
    bool is_forgotten = reason == GG_ERROR_REASON_FORGOTTEN_NUMBER && slot->used_bound;
    slot->state = is_forgotten ? GG_TO_REPEAT : GG_ANSWERED;
  } else if (!take_result(connection, slot, &answer)) {
    bad_answer(connection);
  }
}

/* Takes in the messages that are there as a whole; what is left of one stays. */
static void take_messages(gridgrad_connection *connection) {
  gg_buffer *in = &connection->in;
  size_t at = 0;
  while (!connection->is_broken && in->size - at >= 4) {
    uint32_t size = gg_get32(in->data + at);
    if (size > MOST_FRAME) {
      bad_answer(connection);
      return;
    }
    if (in->size - at - 4 < size) break;
    gg_span message = {in->data + at + 4, size};
    take_answer(connection, message);
    at += 4 + (size_t)size;
  }
  if (at) {
    in->size -= at;
    memmove(in->data, in->data + at, in->size);
  }
}

/* ---- the socket ---- */

/* Makes room for what comes next: for the whole of a message whose length is known. */
static bool make_room(gg_buffer *in) {
  size_t wanted = in->size < 4 ? FIRST_ROOM : 4 + (size_t)gg_get32(in->data);
  if (wanted > 4 + (size_t)MOST_FRAME) return true; /* it is refused as soon as it is looked at */
  if (wanted < in->size + 4096) wanted = in->size + 4096;
  return gg_reserve(in, wanted - in->size);
}

typedef union gg_control {
  char room[CMSG_SPACE(4 * sizeof(int))];
  struct cmsghdr aligned;
} gg_control;

/* Takes the descriptors of a message, as many as there is room for; closes others. */
static void take_descriptors(struct msghdr *message, int *descriptors, size_t *count, size_t room) {
  for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each; each = CMSG_NXTHDR(message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    size_t came = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < came; ++i) {
      int one;
      memcpy(&one, CMSG_DATA(each) + i * sizeof one, sizeof one);
      if (*count < room)
        descriptors[(*count)++] = one;
      else
        close(one);
    }
  }
}

/* Receives once. 1: something came; 0: nothing for a while; -1: the end. Descriptors come where a lane was asked for. */
static int receive(gridgrad_connection *connection, bool with_descriptors) {
  gg_buffer *in = &connection->in;
  gg_control control;
  struct iovec part = {in->data + in->size, in->capacity - in->size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t count = with_descriptors ? recvmsg(connection->socket, &message, MSG_CMSG_CLOEXEC)
                                   : recv(connection->socket, part.iov_base, part.iov_len, 0);
  if (count >= 0 && with_descriptors)
    take_descriptors(&message, connection->descriptors, &connection->descriptor_count, 4);
  if (count < 0) return errno == EINTR || errno == EAGAIN ? 0 : -1;
  in->size += (size_t)count;
  return count > 0 ? 1 : -1;
}

void gg_read_once(gridgrad_connection *connection) {
  connection->is_read = true;
  bool with_descriptors = connection->asking != NULL;
  pthread_mutex_unlock(&connection->lock);
  bool has_room = make_room(&connection->in);
  int came = has_room ? receive(connection, with_descriptors) : -1;
  pthread_mutex_lock(&connection->lock);
  connection->is_read = false;
  if (!has_room)
    gg_break(connection, GRIDGRAD_MEMORY, "there is no memory for an answer", "connect again, and ask for less");
  else if (came < 0)
    lost(connection);
  else
    take_messages(connection);
  pthread_cond_broadcast(&connection->changed);
}

/* While a message does not go out, answers are taken in: the server may wait for that. */
static void wait_to_send(gridgrad_connection *connection) {
  struct pollfd poller = {connection->socket, POLLIN | POLLOUT, 0};
  poll(&poller, 1, SLICE_MS);
  if (!(poller.revents & POLLIN)) return;
  pthread_mutex_lock(&connection->lock);
  if (!connection->is_read && !connection->is_broken) gg_read_once(connection);
  pthread_mutex_unlock(&connection->lock);
}

int gg_send(gridgrad_connection *connection, const unsigned char *data, size_t size, double give_up_at) {
  pthread_mutex_lock(&connection->sending);
  int sent = 0;
  for (size_t at = 0; at < size && !sent;) {
    ssize_t count = send(connection->socket, data + at, size - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0)
      at += (size_t)count;
    else if (count < 0 && errno != EAGAIN && errno != EINTR)
      sent = -1;
    else if (give_up_at > 0 && gg_now() > give_up_at)
      sent = -1; /* half a message may be out: nothing can follow it */
    else
      wait_to_send(connection);
  }
  pthread_mutex_unlock(&connection->sending);
  if (sent) {
    pthread_mutex_lock(&connection->lock);
    lost(connection);
    pthread_mutex_unlock(&connection->lock);
  }
  return sent;
}

/* ---- opening and closing ---- */

static int connected(const char *path, gridgrad_error *error) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    gg_fail(error, GRIDGRAD_REQUEST, "path", "a path that is too long for a socket", "give the server a shorter one");
    return -1;
  }
  strcpy(address.sun_path, path);
  int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made >= 0 && !connect(made, (struct sockaddr *)&address, sizeof address)) return made;
  gg_fail_errno(error, GRIDGRAD_UNAVAILABLE, path, errno, "start gridgrad-server with --session-socket and that path");
  if (made >= 0) close(made);
  return -1;
}

static bool is_of_user(int socket, unsigned uid, gridgrad_error *error) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (!getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == uid) return true;
  gg_fail(error, GRIDGRAD_FORBIDDEN, "uid", "a server of another user", "say which user it runs as, if you trust him");
  return false;
}

/* Receives a part of the first answer, and the descriptor that comes with it. */
static ssize_t receive_first(int socket, gg_buffer *in, int *descriptor, double until) {
  gg_control control;
  struct pollfd poller = {socket, POLLIN, 0};
  if (poll(&poller, 1, left_ms(until)) <= 0) return -1;
  struct iovec part = {in->data + in->size, in->capacity - in->size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (count < 0) return -1;
  size_t came = *descriptor >= 0;
  take_descriptors(&message, descriptor, &came, 1);
  in->size += (size_t)count;
  return count;
}

static int read_first(gridgrad_connection *connection, int *descriptor, double until, gg_answer *first,
                      gridgrad_error *error) {
  gg_buffer *in = &connection->in;
  while (in->size < 4 || in->size < 4 + (size_t)gg_get32(in->data)) {
    if (!make_room(in) || in->size == in->capacity) return gg_bad_protocol(error);
    if (receive_first(connection->socket, in, descriptor, until) <= 0) {
      if (gg_now() >= until)
        return gg_fail(error, GRIDGRAD_DEADLINE, "", "no answer in that time", "allow more, or look at the server");
      return gg_fail(error, GRIDGRAD_UNAVAILABLE, "", "the server has hung up", "connect again, or look at its log");
    }
  }
  size_t size = gg_get32(in->data);
  gg_span message = {in->data + 4, size};
  if (!gg_read_answer(message, first)) return gg_bad_protocol(error);
  int reason = first->has_status ? gg_read_status(first->status, error) : GRIDGRAD_OK;
  in->size -= 4 + size;
  memmove(in->data, in->data + 4 + size, in->size);
  return reason;
}

/* One system call then waits for an answer, and returns now and then. */
static void wait_in_slices(int socket) {
  struct timeval slice = {.tv_usec = 1000 * SLICE_MS};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice);
}

static int open_session(gridgrad_connection *connection, unsigned uid, double timeout_s, gridgrad_error *error) {
  double until = gg_now() + (timeout_s > 0 ? timeout_s : 1e6);
  if (!is_of_user(connection->socket, uid, error)) return GRIDGRAD_FORBIDDEN;
  if (send(connection->socket, "\0\0\0\0", 4, MSG_NOSIGNAL) != 4)
    return gg_fail(error, GRIDGRAD_UNAVAILABLE, "", "the server has hung up", "connect again, or look at its log");
  int descriptor = -1;
  gg_answer first;
  int reason = read_first(connection, &descriptor, until, &first, error);
  if (!reason && descriptor < 0) reason = gg_bad_protocol(error);
  if (!reason) {
    connection->memory = gg_map(descriptor, first.memory_bytes, error);
    if (!connection->memory) reason = error ? error->reason : GRIDGRAD_MEMORY;
    connection->has_lanes = first.has_lanes;
  }
  if (descriptor >= 0) close(descriptor);
  wait_in_slices(connection->socket);
  return reason;
}

gridgrad_connection *gridgrad_connect(const char *path, unsigned uid, double timeout_s, gridgrad_error *error) {
  if (error) memset(error, 0, sizeof *error);
  if (!path) {
    gg_fail(error, GRIDGRAD_REQUEST, "path", "none", "give that of --session-socket");
    return NULL;
  }
  gridgrad_connection *connection = calloc(1, sizeof *connection);
  if (!connection) {
    gg_no_memory(error);
    return NULL;
  }
  pthread_condattr_t clock;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&connection->changed, &clock);
  pthread_condattr_destroy(&clock);
  pthread_mutex_init(&connection->lock, NULL);
  pthread_mutex_init(&connection->sending, NULL);
  connection->socket = connected(path, error);
  if (connection->socket < 0 || open_session(connection, uid, timeout_s, error)) {
    gridgrad_close(connection);
    return NULL;
  }
  return connection;
}

void gridgrad_close(gridgrad_connection *connection) {
  if (!connection) return;
  if (connection->socket >= 0) close(connection->socket);
  for (size_t i = 0; i < GRIDGRAD_MAX_CALLS; ++i) {
    gg_slot *slot = connection->slots[i];
    if (!slot) continue;
    gg_free(&slot->numbers);
    gg_free(&slot->frame);
    gg_free_block(slot->copy);
    gg_leave_lane(slot->lane);
    free(slot);
  }
  drop_descriptors(connection);
  gg_leave_lane(connection->lane);
  gg_free(&connection->in);
  if (connection->memory) gg_let_go(connection->memory);
  pthread_cond_destroy(&connection->changed);
  pthread_mutex_destroy(&connection->lock);
  pthread_mutex_destroy(&connection->sending);
  free(connection);
}
