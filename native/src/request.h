/* A request while it is built. */

#ifndef GG_REQUEST_H
#define GG_REQUEST_H

#include "internal.h"

/* How many numbers an input has. */
typedef struct gg_named {
  char *name;
  uint64_t count;
} gg_named;

struct gridgrad_request {
  gridgrad_error error; /* what was wrong with it first */
  gg_buffer function, inputs, derivatives, fixed, reduction;
  int dtype;
  bool is_pullback;
  gg_named *named; /* the inputs, for what a gradient has of each */
  size_t named_count;
  char **wrt;
  size_t wrt_count;
  gg_hole *holes; /* in the inputs */
  size_t hole_count, number_count;
};

#endif
