/* The loops of benchmarks/native.py, which calls them by ctypes: what is timed is C alone. */

#define _POSIX_C_SOURCE 200809L
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gridgrad.h"

typedef struct bench {
  gridgrad_connection *connection;
  gridgrad_problem *problem;
  size_t before;
} bench;

static double at(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static size_t held(void) {
  struct mallinfo2 used = mallinfo2();
  return used.uordblks + used.hblkhd;
}

/* A square grid of the bilinear function with both partials, bound. NULL, and why in said, if it can't be. */
GRIDGRAD_API bench *bench_open(const char *path, int side, char *said, size_t room) {
  bench *made = calloc(1, sizeof *made);
  if (!made) return NULL;
  gridgrad_error error;
  made->before = held();
  made->connection = gridgrad_connect(path, geteuid(), 10, &error);
  gridgrad_request *request = gridgrad_expression("t*k + 2*t*k**2");
  int64_t length = side;
  gridgrad_varying(request, "t", "t", 1, &length);
  gridgrad_varying(request, "k", "k", 1, &length);
  gridgrad_derivative(request, "t");
  gridgrad_derivative(request, "k");
  if (made->connection) made->problem = gridgrad_bind(made->connection, request, &error);
  gridgrad_free_request(request);
  if (made->problem) return made;
  snprintf(said, room, "%s; %s", error.found, error.remedy);
  return NULL;
}

/* Calls so often, so many in flight; takes seconds of each call, and of its computing. The first that fails ends it. */
GRIDGRAD_API int bench_run(bench *on, const double *numbers, int calls, int in_flight, double *took, double *computing,
                           double *elapsed, double *processor) {
  uint64_t under_way[GRIDGRAD_MAX_CALLS];
  double began[GRIDGRAD_MAX_CALLS];
  int sent = 0, done = 0, reason = 0;
  *elapsed = -at(CLOCK_MONOTONIC);
  *processor = -at(CLOCK_PROCESS_CPUTIME_ID);
  while (done < calls && !reason) {
    gridgrad_result result = {0};
    if (in_flight == 1) {
      began[0] = at(CLOCK_MONOTONIC);
      reason = gridgrad_call(on->problem, numbers, 60, &result, NULL);
    }
    for (; in_flight > 1 && sent - done < in_flight && sent < calls && !reason; ++sent) {
      began[sent % in_flight] = at(CLOCK_MONOTONIC);
      reason = gridgrad_submit(on->problem, numbers, 60, &under_way[sent % in_flight], NULL);
    }
    if (in_flight > 1 && !reason) reason = gridgrad_wait(on->problem, under_way[done % in_flight], &result, NULL);
    took[done] = at(CLOCK_MONOTONIC) - began[done % in_flight];
    computing[done] = result.compute_s;
    gridgrad_release(&result);
    ++done;
  }
  *elapsed += at(CLOCK_MONOTONIC);
  *processor += at(CLOCK_PROCESS_CPUTIME_ID);
  return reason;
}

/* Bytes that are held since it was opened, but for what is mapped. */
GRIDGRAD_API size_t bench_held(const bench *on) {
  size_t now = held();
  return now > on->before ? now - on->before : 0;
}

GRIDGRAD_API void bench_close(bench *on) {
  if (!on) return;
  gridgrad_free_problem(on->problem);
  gridgrad_close(on->connection);
  free(on);
}
