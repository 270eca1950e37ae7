/* A request while it is built. */

#ifndef GG_REQUEST_H
#define GG_REQUEST_H

#include "internal.h"

struct gridgrad_request {
  gridgrad_error error; /* what was wrong with it first */
  gg_buffer function, inputs, derivatives, fixed, reduction;
  int dtype;
  char **wrt;
  size_t wrt_count;
  gg_hole *holes; /* in the inputs */
  size_t hole_count, number_count;
};

#endif
