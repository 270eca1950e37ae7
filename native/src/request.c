/* Requests: written down as they are built, so that binding one only puts the parts together. */

#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "request.h"

static gridgrad_request *made(int kind, const char *what) {
  gridgrad_request *request = calloc(1, sizeof *request);
  if (request) gg_text(&request->function, kind, what ? what : "");
  return request;
}

gridgrad_request *gridgrad_expression(const char *text) { return made(GG_FUNCTION_EXPRESSION, text); }

gridgrad_request *gridgrad_registered(const char *name) { return made(GG_FUNCTION_REGISTERED, name); }

void gridgrad_free_request(gridgrad_request *request) {
  if (!request) return;
  gg_free(&request->function);
  gg_free(&request->inputs);
  gg_free(&request->derivatives);
  gg_free(&request->fixed);
  gg_free(&request->reduction);
  for (size_t i = 0; i < request->wrt_count; ++i) free(request->wrt[i]);
  for (size_t i = 0; i < request->named_count; ++i) free(request->named[i].name);
  free(request->named);
  free(request->wrt);
  free(request->holes);
  free(request);
}

/* What is wrong first is what is said when the request is bound. */
static void complain(gridgrad_request *request, const char *field, const char *found, const char *remedy) {
  if (!request->error.reason) gg_fail(&request->error, GRIDGRAD_REQUEST, field, found, remedy);
}

static void complain_of_memory(gridgrad_request *request) {
  if (!request->error.reason) gg_no_memory(&request->error);
}

/* Writes names that stand with commas between them as a repeated field. */
static void write_names(gg_buffer *to, int field, const char *names) {
  while (names && *names) {
    size_t size = strcspn(names, ",");
    gg_bytes(to, field, names, size);
    names += size + (names[size] == ',');
  }
}

static bool count_numbers(gridgrad_request *request, int ndim, const int64_t *shape, uint64_t *count) {
  *count = 1;
  for (int i = 0; i < ndim; ++i) {
    if (shape[i] < 0 || __builtin_mul_overflow(*count, (uint64_t)shape[i], count)) {
      complain(request, "shape", "a length that can't be", "give lengths from 0 on");
      return false;
    }
  }
  if (*count > SIZE_MAX / 16) complain(request, "shape", "more numbers than there is memory for", "give fewer");
  return *count <= SIZE_MAX / 16;
}

static int count_names(const char *names) {
  int count = 0;
  for (; names && *names; ++count) {
    size_t size = strcspn(names, ",");
    names += size + (names[size] == ',');
  }
  return count;
}

static void remember(gridgrad_request *request, const char *name, uint64_t count) {
  gg_named *grown = realloc(request->named, (request->named_count + 1) * sizeof *grown);
  char *copy = malloc(strlen(name) + 1);
  if (grown) request->named = grown;
  if (!grown || !copy) {
    free(copy);
    complain_of_memory(request);
    return;
  }
  strcpy(copy, name);
  grown[request->named_count++] = (gg_named){copy, count};
}

/* Adds an input; of a varying one remembers where its numbers go. */
static void add(gridgrad_request *request, const char *name, const char *dims, int ndim, const int64_t *shape,
                const double *values) {
  uint64_t count;
  if (!request) return;
  if (!name || (ndim > 0 && !shape) || ndim < 0 || ndim != count_names(dims)) {
    complain(request, "inputs", "an input without a name, or whose dims are not as many as its lengths",
             "give ndim names of dims with commas between them, and ndim lengths");
    return;
  }
  if (!count_numbers(request, ndim, shape, &count)) return;
  remember(request, name, count);
  gg_buffer array = {0}, input = {0};
  gg_uint(&array, GG_ARRAY_DTYPE, GRIDGRAD_FLOAT64);
  for (int i = 0; i < ndim; ++i) gg_uint(&array, GG_ARRAY_SHAPE, (uint64_t)shape[i]);
  size_t size = (size_t)count * sizeof(double);
  gg_tag(&array, GG_ARRAY_DATA, GG_LEN);
  gg_varint(&array, size);
  gg_text(&input, GG_INPUT_NAME, name);
  write_names(&input, GG_INPUT_DIMS, dims);
  gg_tag(&input, GG_INPUT_ARRAY, GG_LEN);
  gg_varint(&input, array.size + size);
  gg_raw(&input, array.data, array.size);
  gg_tag(&request->inputs, GG_GRID_GRADIENT_REQUEST_INPUTS, GG_LEN);
  gg_varint(&request->inputs, input.size + size);
  gg_raw(&request->inputs, input.data, input.size);
  if (array.failed || input.failed) request->inputs.failed = true;
  gg_free(&array);
  gg_free(&input);
  if (values) {
    gg_raw(&request->inputs, values, size);
    gg_text(&request->fixed, GG_GRID_GRADIENT_REQUEST_FIXED, name);
  } else if (gg_reserve(&request->inputs, size)) {
    gg_hole *holes = realloc(request->holes, (request->hole_count + 1) * sizeof *holes);
    if (!holes) {
      complain_of_memory(request);
      return;
    }
    request->holes = holes;
    holes[request->hole_count++] = (gg_hole){request->inputs.size, size};
    if (size) memset(request->inputs.data + request->inputs.size, 0, size);
    request->inputs.size += size;
    request->number_count += (size_t)count;
  }
}

void gridgrad_fixed(gridgrad_request *request, const char *name, const char *dims, int ndim, const int64_t *shape,
                    const double *values) {
  if (request && !values)
    complain(request, "inputs", "a fixed input without values", "give its numbers, or use gridgrad_varying");
  else
    add(request, name, dims, ndim, shape, values);
}

void gridgrad_varying(gridgrad_request *request, const char *name, const char *dims, int ndim, const int64_t *shape) {
  add(request, name, dims, ndim, shape, NULL);
}

void gridgrad_linspace(gridgrad_request *request, const char *name, double start, double stop, int64_t num) {
  if (!request) return;
  if (!name || num < 0) {
    complain(request, "inputs", "an axis without a name, or of less than 0 values", "give a name, and 0 or more");
    return;
  }
  remember(request, name, (uint64_t)num);
  gg_buffer linspace = {0}, input = {0};
  gg_double(&linspace, GG_LINSPACE_START, start);
  gg_double(&linspace, GG_LINSPACE_STOP, stop);
  gg_uint(&linspace, GG_LINSPACE_NUM, (uint64_t)num);
  gg_text(&input, GG_INPUT_NAME, name);
  gg_text(&input, GG_INPUT_DIMS, name);
  gg_bytes(&input, GG_INPUT_LINSPACE, linspace.data, linspace.size);
  gg_bytes(&request->inputs, GG_GRID_GRADIENT_REQUEST_INPUTS, input.data, input.size);
  if (linspace.failed || input.failed) request->inputs.failed = true;
  gg_free(&linspace);
  gg_free(&input);
}

void gridgrad_derivative(gridgrad_request *request, const char *wrt) {
  if (!request) return;
  if (!wrt || !*wrt) {
    complain(request, "derivatives", "one by nothing", "write t, or t,k; the value is always there");
    return;
  }
  char **grown = realloc(request->wrt, (request->wrt_count + 1) * sizeof *grown);
  char *copy = malloc(strlen(wrt) + 1);
  if (grown) request->wrt = grown;
  if (!grown || !copy) {
    free(copy);
    complain_of_memory(request);
    return;
  }
  strcpy(copy, wrt);
  grown[request->wrt_count++] = copy;
  gg_buffer derivative = {0};
  write_names(&derivative, GG_DERIVATIVE_WRT, wrt);
  gg_bytes(&request->derivatives, GG_GRID_GRADIENT_REQUEST_DERIVATIVES, derivative.data, derivative.size);
  request->derivatives.failed |= derivative.failed;
  gg_free(&derivative);
}

void gridgrad_float32(gridgrad_request *request) {
  if (request) request->dtype = GRIDGRAD_FLOAT32;
}

void gridgrad_reduce(gridgrad_request *request, const char *dims, const char *kind, const char *weights) {
  if (!request) return;
  if (!dims || !*dims || !kind || request->reduction.size) {
    complain(request, "reduction", "none, or a second one", "give dims and a kind, once");
    return;
  }
  write_names(&request->reduction, GG_REDUCTION_DIMS, dims);
  gg_text(&request->reduction, GG_REDUCTION_KIND, kind);
  if (weights && *weights) gg_text(&request->reduction, GG_REDUCTION_WEIGHTS, weights);
}

void gridgrad_pullback(gridgrad_request *request, const char *cotangent) {
  if (!request) return;
  if (request->reduction.size) {
    complain(request, "reduction", "a second one", "ask for one reduction, or for one pull-back");
    return;
  }
  gg_text(&request->reduction, GG_REDUCTION_KIND, "pullback");
  if (cotangent && *cotangent) gg_text(&request->reduction, GG_REDUCTION_WEIGHTS, cotangent);
  request->is_pullback = true;
}

static void write_function(const gridgrad_request *request, gg_buffer *whole) {
  if (!request->reduction.size) {
    gg_bytes(whole, GG_GRID_GRADIENT_REQUEST_FUNCTION, request->function.data, request->function.size);
    return;
  }
  gg_buffer reduction = {0};
  gg_bytes(&reduction, GG_REDUCTION_FUNCTION, request->function.data, request->function.size);
  gg_raw(&reduction, request->reduction.data, request->reduction.size);
  gg_bytes(whole, GG_GRID_GRADIENT_REQUEST_REDUCTION, reduction.data, reduction.size);
  gg_text(whole, GG_GRID_GRADIENT_REQUEST_FEATURES, request->is_pullback ? "pullbacks" : "reductions");
  whole->failed |= reduction.failed;
  gg_free(&reduction);
}

static void write_whole(const gridgrad_request *request, gg_buffer *whole) {
  write_function(request, whole);
  gg_raw(whole, request->derivatives.data, request->derivatives.size);
  if (request->dtype) gg_uint(whole, GG_GRID_GRADIENT_REQUEST_DTYPE, (uint64_t)request->dtype);
  gg_text(whole, GG_GRID_GRADIENT_REQUEST_FEATURES, "bound");
  gg_uint(whole, GG_GRID_GRADIENT_REQUEST_BIND, 1);
  gg_raw(whole, request->fixed.data, request->fixed.size);
  gg_raw(whole, request->inputs.data, request->inputs.size);
  whole->failed |= request->function.failed || request->derivatives.failed || request->fixed.failed ||
                   request->inputs.failed || request->reduction.failed;
}

static bool copy_derivatives(const gridgrad_request *request, gridgrad_problem *problem) {
  problem->wrt = calloc(request->wrt_count + 1, sizeof *problem->wrt);
  problem->place = calloc(request->wrt_count + 1, sizeof *problem->place);
  if (!problem->wrt || !problem->place) return false;
  for (size_t i = 0; i < request->wrt_count; ++i, ++problem->wrt_count) {
    problem->wrt[i] = malloc(strlen(request->wrt[i]) + 1);
    if (!problem->wrt[i]) return false;
    strcpy(problem->wrt[i], request->wrt[i]);
  }
  return true;
}

/* Where the gradient by each input stands in a pull-back: after the sum, in the order of the derivatives. */
static bool place_gradients(const gridgrad_request *request, gridgrad_problem *problem, gridgrad_error *error) {
  int at = 1;
  problem->is_pullback = problem->is_known = true;
  for (size_t i = 0; i < problem->wrt_count; ++i) {
    size_t found = 0;
    while (found < request->named_count && strcmp(request->named[found].name, problem->wrt[i])) ++found;
    if (found == request->named_count || request->named[found].count > INT32_MAX - (uint64_t)at) {
      gg_fail(error, GRIDGRAD_REQUEST, "derivatives", "one of a pull-back that is by no input of the request",
              "name an input, once for each derivative");
      return false;
    }
    problem->place[i] = at;
    at += (int)request->named[found].count;
  }
  return true;
}

static bool copy_holes(const gridgrad_request *request, gridgrad_problem *problem) {
  size_t before = problem->whole.size - request->inputs.size; /* inputs stand last */
  problem->holes = calloc(request->hole_count + 1, sizeof *problem->holes);
  if (!problem->holes) return false;
  for (size_t i = 0; i < request->hole_count; ++i)
    problem->holes[i] = (gg_hole){request->holes[i].offset + before, request->holes[i].size};
  problem->hole_count = request->hole_count;
  problem->number_count = request->number_count;
  return true;
}

gridgrad_problem *gridgrad_bind(gridgrad_connection *connection, const gridgrad_request *request,
                                gridgrad_error *error) {
  if (error) memset(error, 0, sizeof *error);
  if (!connection || !request) {
    gg_fail(error, GRIDGRAD_REQUEST, "", "no connection or no request", "look at what gridgrad_connect has said");
    return NULL;
  }
  if (request->error.reason) {
    if (error) *error = request->error;
    return NULL;
  }
  gridgrad_problem *problem = calloc(1, sizeof *problem);
  if (problem) {
    problem->connection = connection;
    write_whole(request, &problem->whole);
    if (!problem->whole.failed && copy_derivatives(request, problem) && copy_holes(request, problem)) {
      if (!request->is_pullback || place_gradients(request, problem, error)) return problem;
      gridgrad_free_problem(problem);
      return NULL;
    }
  }
  gridgrad_free_problem(problem);
  gg_no_memory(error);
  return NULL;
}

void gridgrad_free_problem(gridgrad_problem *problem) {
  if (!problem) return;
  pthread_mutex_lock(&problem->connection->lock);
  if (problem->connection->asking == problem) problem->connection->asking = NULL;
  pthread_mutex_unlock(&problem->connection->lock);
  gg_free(&problem->whole);
  for (size_t i = 0; i < problem->wrt_count; ++i) free(problem->wrt[i]);
  free(problem->wrt);
  free(problem->place);
  free(problem->holes);
  free(problem);
}

size_t gridgrad_number_count(const gridgrad_problem *problem) { return problem->number_count; }
