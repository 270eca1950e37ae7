/* Gridgrad for C: a function and its exact partial derivatives on grids, computed by a server on the same machine.
 *
 * A connection goes to the path of `gridgrad-server --session-socket PATH`. A function is bound to it once, with its
 * inputs and derivatives; then it is called with new numbers. Results lie in memory that the server shares, and stay there
 * until they are released.
 *
 * Numbers are doubles, arrays in C order: the last dim varies fastest. Nothing here ends the process, prints anything or
 * changes signal handlers. A connection and its problems may be used by several threads at once, a request or a result
 * by one at a time.
 */

#ifndef GRIDGRAD_H
#define GRIDGRAD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GRIDGRAD_API __attribute__((visibility("default")))
#else
#define GRIDGRAD_API
#endif

/* Most dims of a grid, and most calls in flight on a connection. */
#define GRIDGRAD_MAX_DIMS 16
#define GRIDGRAD_MAX_CALLS 256

/* What went wrong. The numbers are those of ErrorReason in the protocol, but for the last two. */
typedef enum gridgrad_reason {
  GRIDGRAD_OK = 0,
  GRIDGRAD_REQUEST = 1,          /* something in the request is wrong */
  GRIDGRAD_EXPRESSION = 2,       /* the expression is not one */
  GRIDGRAD_TOO_LARGE = 3,        /* over a limit of the server, for ever */
  GRIDGRAD_UNKNOWN_FUNCTION = 4, /* no function of that name is registered */
  GRIDGRAD_BUSY = 5,             /* the server has no room now: retry after error.pushback_s */
  GRIDGRAD_DEADLINE = 6,         /* the time was over first */
  GRIDGRAD_UNAVAILABLE = 7,      /* the server is gone, drains or has no worker: connect again */
  GRIDGRAD_CRASH = 8,            /* the request has cost workers their lives: never retry */
  GRIDGRAD_INTERNAL = 9,         /* a defect of the server */
  GRIDGRAD_CANCELLED = 10,       /* gridgrad_cancel */
  GRIDGRAD_NOT_PREPARED = 11,    /* compiled code was asked for, and there is none */
  GRIDGRAD_STARTING = 13,        /* the server is starting: retry after a second */
  GRIDGRAD_REFUSED = 14,         /* this user is no principal of the server */
  GRIDGRAD_FORBIDDEN = 15,       /* this user may not come, or not do that */
  GRIDGRAD_UNSUPPORTED = 16,     /* the server is too old for what was asked */
  GRIDGRAD_MEMORY = 100,         /* there is no memory */
  GRIDGRAD_PROTOCOL = 101        /* the other end does not speak the protocol */
} gridgrad_reason;

/* Why a call failed. All texts end with a zero byte; field and remedy may be empty. */
typedef struct gridgrad_error {
  int reason;        /* of gridgrad_reason */
  double pushback_s; /* seconds to wait before a retry, where the server says; else 0 */
  char field[128];   /* what is at fault, such as "function.expression" */
  char found[824];   /* what was found there */
  char remedy[512];  /* what to write or do instead */
} gridgrad_error;

typedef struct gridgrad_connection gridgrad_connection;
typedef struct gridgrad_request gridgrad_request;
typedef struct gridgrad_problem gridgrad_problem;

/* Connects to a server, and maps the memory of its results.
 *
 * path: of --session-socket.
 * uid: the user that the server runs as; it is refused as any other. geteuid() where it runs as this process does.
 * timeout_s: seconds to wait.
 * error: takes why it failed; may be NULL, as in all that follows.
 * Returns the connection, to be closed by gridgrad_close; NULL if it failed.
 */
GRIDGRAD_API gridgrad_connection *gridgrad_connect(const char *path, unsigned uid, double timeout_s,
                                                   gridgrad_error *error);

/* Closes a connection. Its problems are freed before, and no thread may wait for a call of it. Results stay as they are
 * until they are released; the memory is unmapped with the last of them. */
GRIDGRAD_API void gridgrad_close(gridgrad_connection *connection);

/* Begins a request for an expression of Gridgrad's language, or for a function that is registered at the server.
 * Returns NULL where there is no memory. To be freed by gridgrad_free_request. */
GRIDGRAD_API gridgrad_request *gridgrad_expression(const char *text);
GRIDGRAD_API gridgrad_request *gridgrad_registered(const char *name);
GRIDGRAD_API void gridgrad_free_request(gridgrad_request *request);

/* Adds an input whose numbers stay.
 *
 * name: as the function has it.
 * dims: the names of its dims with commas between them, "" for a scalar; a dim of the input's own name makes it an axis.
 * ndim, shape: the lengths of these dims.
 * values: [shape], in C order; copied.
 */
GRIDGRAD_API void gridgrad_fixed(gridgrad_request *request, const char *name, const char *dims, int ndim,
                                 const int64_t *shape, const double *values);

/* Adds an input whose numbers come with each call; otherwise as gridgrad_fixed. */
GRIDGRAD_API void gridgrad_varying(gridgrad_request *request, const char *name, const char *dims, int ndim,
                                   const int64_t *shape);

/* Adds an axis of `num` evenly spaced values, both ends included: the bits of numpy.linspace. */
GRIDGRAD_API void gridgrad_linspace(gridgrad_request *request, const char *name, double start, double stop, int64_t num);

/* Asks for a partial derivative: "t", or "t,k" for the second by t and k. The value is always there. */
GRIDGRAD_API void gridgrad_derivative(gridgrad_request *request, const char *wrt);

/* Asks for float32 instead of float64. */
GRIDGRAD_API void gridgrad_float32(gridgrad_request *request);

/* Asks for a reduction over dims, with commas between them, instead of the grid.
 *
 * kind: "sum", "mean", "min", "max", "argmin", "argmax", "norm" or "count_nonfinite".
 * weights: an expression of inputs with these dims, or NULL.
 */
GRIDGRAD_API void gridgrad_reduce(gridgrad_request *request, const char *dims, const char *kind, const char *weights);

/* Asks for a pull-back instead of the grid: the sum of cotangent times the function over all points, and its gradient by the
 * inputs that gridgrad_derivative names, each with the input's own dims: see gridgrad_gradient.
 *
 * cotangent: an expression of inputs, or NULL for ones.
 */
GRIDGRAD_API void gridgrad_pullback(gridgrad_request *request, const char *cotangent);

/* Binds a request to a connection. What is wrong with the function the first call says.
 *
 * Returns the problem, to be freed by gridgrad_free_problem; NULL if the request can't be made. The request may be freed
 * or bound again.
 */
GRIDGRAD_API gridgrad_problem *gridgrad_bind(gridgrad_connection *connection, const gridgrad_request *request,
                                             gridgrad_error *error);
GRIDGRAD_API void gridgrad_free_problem(gridgrad_problem *problem);

/* How many numbers a call takes: those of the varying inputs, one input after another. */
GRIDGRAD_API size_t gridgrad_number_count(const gridgrad_problem *problem);

/* What the numbers of a result are. */
typedef enum gridgrad_dtype { GRIDGRAD_FLOAT32 = 1, GRIDGRAD_FLOAT64 = 2, GRIDGRAD_INT64 = 3 } gridgrad_dtype;

/* A result: planes of numbers, each of the shape of the grid. To be released by gridgrad_release. */
typedef struct gridgrad_result {
  const void *data;                 /* [derivatives, components, *shape], the value first */
  int dtype;                        /* of gridgrad_dtype */
  int ndim;                         /* of the grid */
  int64_t shape[GRIDGRAD_MAX_DIMS]; /* the length of each dim */
  int64_t points;                   /* of a plane */
  int components;                   /* of the function */
  int derivatives;                  /* how many there are with the value */
  double queue_s;                   /* seconds before it was computed */
  double compute_s;                 /* seconds of computing */
  const gridgrad_problem *problem;  /* of which it is; these three are the library's */
  uint64_t lease;
  void *owner;
} gridgrad_result;

/* Calls a problem.
 *
 * numbers: gridgrad_number_count of them.
 * timeout_s: seconds to wait; 0 for as long as it takes.
 * result: takes the result. What it has had before is not released.
 * Returns GRIDGRAD_OK, or the reason of the error.
 */
GRIDGRAD_API int gridgrad_call(gridgrad_problem *problem, const double *numbers, double timeout_s,
                               gridgrad_result *result, gridgrad_error *error);

/* Begins a call; gridgrad_wait ends it. Up to GRIDGRAD_MAX_CALLS may be under way on a connection.
 *
 * call: takes the number of the call.
 */
GRIDGRAD_API int gridgrad_submit(gridgrad_problem *problem, const double *numbers, double timeout_s, uint64_t *call,
                                 gridgrad_error *error);

/* Waits for a call that was submitted, and takes its result. Each is waited for once, cancelled or not. */
GRIDGRAD_API int gridgrad_wait(gridgrad_problem *problem, uint64_t call, gridgrad_result *result, gridgrad_error *error);

/* Gives a call up: it ends soon, with GRIDGRAD_CANCELLED, or with its result if that was there before. */
GRIDGRAD_API void gridgrad_cancel(gridgrad_problem *problem, uint64_t call);

/* The numbers of a component of the value, or of a derivative by its position in the order of gridgrad_derivative.
 * NULL where there is none. The problem must not be freed by then. */
GRIDGRAD_API const void *gridgrad_value(const gridgrad_result *result, int component);
GRIDGRAD_API const void *gridgrad_partial(const gridgrad_result *result, int derivative, int component);

/* The gradient of a pull-back, by the input of a derivative: the numbers have the shape of the input. The value is the sum
 * itself. NULL where there is none. */
GRIDGRAD_API const void *gridgrad_gradient(const gridgrad_result *result, int derivative);

/* Gives the memory of a result back. Releasing twice, or what never was a result but zeros, does nothing. */
GRIDGRAD_API void gridgrad_release(gridgrad_result *result);

/* The name of a reason, such as "BUSY". */
GRIDGRAD_API const char *gridgrad_reason_name(int reason);

/* The version of this library, as that of the server. */
GRIDGRAD_API const char *gridgrad_version(void);

#ifdef __cplusplus
}
#endif

#endif
