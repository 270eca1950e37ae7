/* Calls a server in all the ways of gridgrad.h: test_c PATH COMMAND. Prints what is wrong, and ends with 1. */

#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gridgrad.h"

#define CHECK(condition)                                                 \
  do {                                                                   \
    if (!(condition)) {                                                  \
      fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                           \
    }                                                                    \
  } while (0)

static const char *path;

static int said(const gridgrad_error *error) {
  fprintf(stderr, "%s: %s: %s; %s\n", gridgrad_reason_name(error->reason), error->field, error->found, error->remedy);
  return 0;
}

static gridgrad_connection *opened(void) {
  gridgrad_error error;
  gridgrad_connection *connection = gridgrad_connect(path, geteuid(), 10, &error);
  CHECK(connection || said(&error));
  return connection;
}

static gridgrad_problem *bound(gridgrad_connection *connection, gridgrad_request *request) {
  gridgrad_error error;
  gridgrad_problem *problem = gridgrad_bind(connection, request, &error);
  CHECK(problem || said(&error));
  gridgrad_free_request(request);
  return problem;
}

static gridgrad_result called(gridgrad_problem *problem, const double *numbers) {
  gridgrad_result result;
  gridgrad_error error;
  CHECK(!gridgrad_call(problem, numbers, 30, &result, &error) || said(&error));
  return result;
}

/* f = a t k + 2 t k^2 on fixed t, varying a and k; its partials by k, then by t and k. */
static gridgrad_problem *grid(gridgrad_connection *connection) {
  static const double t[] = {1, 2, 4};
  static const int64_t three[] = {3}, two[] = {2};
  gridgrad_request *request = gridgrad_expression("a*t*k + 2*t*k**2");
  gridgrad_fixed(request, "t", "t", 1, three, t);
  gridgrad_varying(request, "k", "k", 1, two);
  gridgrad_varying(request, "a", "", 0, NULL);
  gridgrad_derivative(request, "k");
  gridgrad_derivative(request, "k,t");
  return bound(connection, request);
}

static void check_grid(const gridgrad_result *result, const double *numbers) {
  static const double t[] = {1, 2, 4};
  CHECK(result->ndim == 2 && result->shape[0] == 3 && result->shape[1] == 2 && result->points == 6);
  CHECK(result->components == 1 && result->derivatives == 3 && result->dtype == GRIDGRAD_FLOAT64);
  const double *value = gridgrad_value(result, 0), *by_k = gridgrad_partial(result, 0, 0);
  const double *by_both = gridgrad_partial(result, 1, 0);
  CHECK(!gridgrad_value(result, 1) && !gridgrad_partial(result, 2, 0) && !gridgrad_partial(result, -1, 0));
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 2; ++j) {
      double k = numbers[j], a = numbers[2];
      CHECK(fabs(value[2 * i + j] - (a * t[i] * k + 2 * t[i] * k * k)) < 1e-12 * fabs(value[2 * i + j]) + 1e-300);
      CHECK(fabs(by_k[2 * i + j] - (a * t[i] + 4 * t[i] * k)) < 1e-12 * fabs(by_k[2 * i + j]) + 1e-300);
      CHECK(fabs(by_both[2 * i + j] - (a + 4 * k)) < 1e-12 * fabs(by_both[2 * i + j]) + 1e-300);
    }
}

static void calls(void) {
  gridgrad_connection *connection = opened();
  gridgrad_problem *problem = grid(connection);
  CHECK(gridgrad_number_count(problem) == 3);
  gridgrad_result held[20];
  for (int i = 0; i < 2000; ++i) {
    double numbers[] = {2.0 + i, -3.0, 0.5 * i};
    gridgrad_result result = called(problem, numbers);
    check_grid(&result, numbers);
    if (i % 100 == 99) { /* by then some lie in the lane, and others beside it */
      held[i / 100] = result;
      continue;
    }
    gridgrad_release(&result);
    gridgrad_release(&result);
  }
  for (int i = 0; i < 20; ++i) {
    double numbers[] = {101.0 + 100 * i, -3.0, 0.5 * (100 * i + 99)};
    check_grid(&held[i], numbers);
    gridgrad_release(&held[i]);
  }
  double numbers[] = {2, 3, 1};
  gridgrad_result kept = called(problem, numbers);
  const double *value = gridgrad_value(&kept, 0);
  gridgrad_free_problem(problem);
  gridgrad_close(connection);
  CHECK(value[0] == 10 && value[5] == 84); /* what is held stays as it is */
  gridgrad_release(&kept);
}

static void large(void) {
  gridgrad_connection *connection = opened();
  gridgrad_request *request = gridgrad_expression("x*y");
  gridgrad_linspace(request, "x", 0, 1, 2001);
  gridgrad_linspace(request, "y", 0, 2, 1001);
  gridgrad_derivative(request, "x");
  gridgrad_derivative(request, "y");
  gridgrad_problem *problem = bound(connection, request);
  for (int i = 0; i < 3; ++i) {
    gridgrad_result result = called(problem, NULL);
    const double *value = gridgrad_value(&result, 0), *by_x = gridgrad_partial(&result, 0, 0);
    CHECK(result.points == 2001 * 1001);
    CHECK(value[result.points - 1] == 2 && by_x[result.points - 1] == 2 && value[1001 * 1000 + 500] == 0.5);
    CHECK(((const double *)gridgrad_partial(&result, 1, 0))[1001 * 1000] == 0.5);
    gridgrad_release(&result);
  }
  gridgrad_free_problem(problem);
  gridgrad_close(connection);
}

static void many(void) {
  gridgrad_connection *connection = opened();
  gridgrad_problem *problem = grid(connection);
  uint64_t under_way[GRIDGRAD_MAX_CALLS], one_more;
  gridgrad_error error;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < GRIDGRAD_MAX_CALLS; ++i) {
      double numbers[] = {i, -i, 0.5};
      CHECK(!gridgrad_submit(problem, numbers, 30, &under_way[i], &error) || said(&error));
    }
    double numbers[] = {0, 0, 0};
    CHECK(gridgrad_submit(problem, numbers, 30, &one_more, &error) == GRIDGRAD_BUSY);
    for (int i = GRIDGRAD_MAX_CALLS; i-- > 0;) {
      double sent[] = {i, -i, 0.5};
      gridgrad_result result;
      CHECK(!gridgrad_wait(problem, under_way[i], &result, &error) || said(&error));
      check_grid(&result, sent);
      gridgrad_release(&result);
      CHECK(gridgrad_wait(problem, under_way[i], &result, &error) == GRIDGRAD_REQUEST);
    }
  }
  gridgrad_free_problem(problem);
  gridgrad_close(connection);
}

static void *call_often(void *given) {
  gridgrad_problem *problem = given;
  for (int i = 0; i < 500; ++i) {
    double numbers[] = {i, 3, (double)(uintptr_t)&numbers / 1e12};
    gridgrad_result result = called(problem, numbers);
    check_grid(&result, numbers);
    gridgrad_release(&result);
  }
  return NULL;
}

static void threads(void) {
  gridgrad_connection *connection = opened();
  gridgrad_problem *problem = grid(connection);
  pthread_t started[8];
  for (int i = 0; i < 8; ++i) CHECK(!pthread_create(&started[i], NULL, call_often, problem));
  for (int i = 0; i < 8; ++i) pthread_join(started[i], NULL);
  gridgrad_free_problem(problem);
  gridgrad_close(connection);
}

static void reductions(void) {
  gridgrad_connection *connection = opened();
  static const int64_t two[] = {2};
  static const double t[] = {1, 2};
  gridgrad_request *request = gridgrad_expression("t*k + 2*t*k**2");
  gridgrad_fixed(request, "t", "t", 1, two, t);
  gridgrad_varying(request, "k", "k", 1, two);
  gridgrad_derivative(request, "k");
  gridgrad_reduce(request, "t", "sum", NULL);
  gridgrad_problem *problem = bound(connection, request);
  for (int i = 0; i < 3; ++i) {
    double k[] = {2, 3};
    gridgrad_result result = called(problem, k);
    const double *by_k = gridgrad_partial(&result, 0, 0);
    CHECK(result.ndim == 1 && by_k[0] == 27 && by_k[1] == 39);
    gridgrad_release(&result);
  }
  gridgrad_free_problem(problem);
  request = gridgrad_expression("x*x");
  gridgrad_linspace(request, "x", -1, 3, 5);
  gridgrad_reduce(request, "x", "argmin", "");
  problem = bound(connection, request);
  gridgrad_result result = called(problem, NULL);
  CHECK(result.dtype == GRIDGRAD_INT64 && *(const int64_t *)gridgrad_value(&result, 0) == 1);
  gridgrad_release(&result);
  gridgrad_free_problem(problem);
  request = gridgrad_expression("x/3");
  gridgrad_linspace(request, "x", 1, 1, 1);
  gridgrad_float32(request);
  problem = bound(connection, request);
  result = called(problem, NULL);
  CHECK(result.dtype == GRIDGRAD_FLOAT32 && *(const float *)gridgrad_value(&result, 0) == 1.0f / 3.0f);
  gridgrad_release(&result);
  gridgrad_free_problem(problem);
  gridgrad_close(connection);
}

/* f = t k + 2 t k^2 on t = 1, 2 and k = 2, 3: the pull-back of ones by k is 27 and 39. */
static void pullbacks(void) {
  gridgrad_connection *connection = opened();
  static const int64_t two[] = {2};
  gridgrad_error error;
  for (int with_cotangent = 0; with_cotangent < 2; ++with_cotangent) {
    gridgrad_request *request = gridgrad_expression("t*k + 2*t*k**2");
    gridgrad_varying(request, "t", "t", 1, two);
    gridgrad_varying(request, "k", "k", 1, two);
    gridgrad_derivative(request, "k");
    gridgrad_derivative(request, "t");
    gridgrad_pullback(request, with_cotangent ? "t" : NULL);
    gridgrad_problem *problem = bound(connection, request);
    for (int i = 0; i < 3; ++i) {
      double numbers[] = {1, 2, 2, 3};
      gridgrad_result result = called(problem, numbers);
      const double *by_k = gridgrad_gradient(&result, 0), *by_t = gridgrad_gradient(&result, 1);
      const double *sum = gridgrad_value(&result, 0);
      CHECK(by_k && by_t && !gridgrad_gradient(&result, 2) && !gridgrad_partial(&result, 0, 0));
      /* the sum over k of k + 2 k^2 is 31, the derivatives by k are t (1 + 4 k) */
      double weight = with_cotangent ? 5 : 3;
      CHECK(*sum == 31 * weight && by_k[0] == 9 * weight && by_k[1] == 13 * weight);
      CHECK(by_t[0] == 31 && by_t[1] == (with_cotangent ? 62 : 31));
      gridgrad_release(&result);
    }
    gridgrad_free_problem(problem);
  }
  gridgrad_request *request = gridgrad_expression("x");
  gridgrad_linspace(request, "x", 0, 1, 3);
  gridgrad_derivative(request, "y");
  gridgrad_pullback(request, NULL);
  CHECK(!gridgrad_bind(connection, request, &error) && error.reason == GRIDGRAD_REQUEST && *error.remedy);
  gridgrad_free_request(request);
  gridgrad_close(connection);
}

static void mistakes(void) {
  gridgrad_error error;
  CHECK(!gridgrad_connect("/no/such/socket", geteuid(), 1, &error) && error.reason == GRIDGRAD_UNAVAILABLE);
  CHECK(strstr(error.remedy, "--session-socket"));
  CHECK(!gridgrad_connect(path, geteuid() + 1, 1, &error) && error.reason == GRIDGRAD_FORBIDDEN);
  gridgrad_connection *connection = opened();
  gridgrad_request *request = gridgrad_expression("x +* 2");
  gridgrad_linspace(request, "x", 0, 1, 3);
  gridgrad_problem *problem = bound(connection, request);
  gridgrad_result result;
  CHECK(gridgrad_call(problem, NULL, 0, &result, &error) == GRIDGRAD_EXPRESSION);
  CHECK(strstr(error.field, "expression") && *error.found && *error.remedy);
  CHECK(gridgrad_call(problem, NULL, -1, &result, &error) == GRIDGRAD_REQUEST);
  CHECK(gridgrad_call(problem, NULL, NAN, &result, NULL) == GRIDGRAD_REQUEST);
  gridgrad_free_problem(problem);
  request = gridgrad_registered("no_such");
  problem = bound(connection, request);
  CHECK(gridgrad_call(problem, NULL, 0, &result, &error) == GRIDGRAD_UNKNOWN_FUNCTION);
  gridgrad_free_problem(problem);
  request = gridgrad_expression("x");
  gridgrad_fixed(request, "x", "x,y", 1, (const int64_t[]){3}, (const double[]){1, 2, 3});
  CHECK(!gridgrad_bind(connection, request, &error) && error.reason == GRIDGRAD_REQUEST && *error.remedy);
  gridgrad_free_request(request);
  problem = grid(connection);
  CHECK(gridgrad_call(problem, NULL, 0, &result, &error) == GRIDGRAD_REQUEST);
  gridgrad_free_problem(problem);
  gridgrad_close(connection);
  gridgrad_close(NULL);
}

/* A registered function that waits: given up by its deadline, by hand, and then another one is served. */
static void giving_up(void) {
  gridgrad_connection *connection = opened();
  gridgrad_request *request = gridgrad_registered("gate");
  gridgrad_linspace(request, "x", 2e6, 3e6, 3);
  gridgrad_problem *problem = bound(connection, request), *other = grid(connection);
  gridgrad_result result;
  gridgrad_error error;
  CHECK(gridgrad_call(problem, NULL, 0.2, &result, &error) == GRIDGRAD_DEADLINE);
  uint64_t call;
  CHECK(!gridgrad_submit(problem, NULL, 0, &call, &error));
  gridgrad_cancel(problem, call);
  CHECK(gridgrad_wait(problem, call, &result, &error) == GRIDGRAD_CANCELLED);
  printf("given up\n");
  fflush(stdout);
  CHECK(getchar() != EOF); /* the worker goes on */
  double numbers[] = {2, 3, 1};
  result = called(other, numbers);
  check_grid(&result, numbers);
  gridgrad_release(&result);
  gridgrad_free_problem(problem);
  gridgrad_free_problem(other);
  gridgrad_close(connection);
}

/* Calls until the server is gone, which is an error and no end. */
static void until_it_is_gone(void) {
  gridgrad_connection *connection = opened();
  gridgrad_problem *problem = grid(connection);
  gridgrad_error error = {0};
  double numbers[] = {2, 3, 1};
  gridgrad_result result = called(problem, numbers), held = result;
  printf("calling\n");
  fflush(stdout);
  while (!gridgrad_call(problem, numbers, 10, &result, &error)) gridgrad_release(&result);
  CHECK(error.reason == GRIDGRAD_UNAVAILABLE || said(&error));
  CHECK(gridgrad_call(problem, numbers, 10, &result, &error) == GRIDGRAD_UNAVAILABLE);
  check_grid(&held, numbers);
  gridgrad_release(&held);
  gridgrad_free_problem(problem);
  gridgrad_close(connection);
}

/* Whatever the other end sends is an error or a result, and no end: for a hostile server. */
static void hostile(void) {
  gridgrad_error error;
  double numbers[] = {2, 3, 1}, sum = 0;
  for (int round = 0; round < 200; ++round) {
    gridgrad_connection *connection = gridgrad_connect(path, geteuid(), 2, &error);
    if (!connection) continue;
    gridgrad_problem *problem = grid(connection);
    gridgrad_result result;
    for (int i = 0; i < 3; ++i) {
      if (gridgrad_call(problem, numbers, 0.01, &result, &error)) continue;
      size_t width = result.dtype == GRIDGRAD_FLOAT32 ? 4 : 8;
      for (int derivative = -1; derivative < 2; ++derivative)
        for (int component = 0; component < result.components && component < 4; ++component) {
          const char *plane = derivative < 0 ? gridgrad_value(&result, component)
                                             : gridgrad_partial(&result, derivative, component);
          if (plane && result.points) sum += plane[0] + plane[(size_t)result.points * width - 1];
        }
      gridgrad_release(&result);
    }
    gridgrad_free_problem(problem);
    gridgrad_close(connection);
  }
  printf("%g\n", sum);
}

/* Of a server that forgets numbers: nobody notices. */
static void forgotten(void) {
  gridgrad_connection *connection = opened();
  gridgrad_problem *problem = grid(connection);
  for (int i = 0; i < 20; ++i) {
    double numbers[] = {i, 2, 3};
    gridgrad_result result = called(problem, numbers);
    check_grid(&result, numbers);
    gridgrad_release(&result);
  }
  gridgrad_free_problem(problem);
  gridgrad_close(connection);
}

/* What the library asks for, counted by the linker's --wrap. */
static long allocated;
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *before, size_t size);
void *__wrap_malloc(size_t size) { return ++allocated, __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { return ++allocated, __real_calloc(count, size); }
void *__wrap_realloc(void *before, size_t size) { return ++allocated, __real_realloc(before, size); }

static void allocations(void) {
  gridgrad_connection *connection = opened();
  gridgrad_problem *problem = grid(connection);
  for (int i = 0; i < 500; ++i) {
    double numbers[] = {i, 2, 3};
    gridgrad_result result = called(problem, numbers);
    gridgrad_release(&result);
    if (i == 1) {
      CHECK(allocated);
      allocated = 0;
    }
  }
  CHECK(!allocated);
  gridgrad_free_problem(problem);
  gridgrad_close(connection);
}

int main(int count, char **arguments) {
  static const struct {
    const char *name;
    void (*run)(void);
  } commands[] = {{"calls", calls},       {"large", large},         {"many", many},
                  {"threads", threads},   {"reductions", reductions}, {"mistakes", mistakes},
                  {"giving_up", giving_up}, {"until_it_is_gone", until_it_is_gone}, {"hostile", hostile},
                  {"forgotten", forgotten}, {"pullbacks", pullbacks}, {"allocations", allocations}};
  CHECK(count == 3);
  path = arguments[1];
  for (size_t i = 0; i < sizeof commands / sizeof *commands; ++i)
    if (!strcmp(commands[i].name, arguments[2])) {
      commands[i].run();
      return 0;
    }
  fprintf(stderr, "no command %s\n", arguments[2]);
  return 2;
}
