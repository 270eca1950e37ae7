/* Reads what the server sends. Nothing in it is trusted. */

#include <string.h>

#include "internal.h"

static bool read_lease(gg_span lease, gg_answer *answer) {
  gg_field field;
  int more;
  while ((more = gg_next(&lease, &field)) > 0) {
    if (field.number == GG_LEASE_NUMBER) answer->lease = field.value;
    if (field.number == GG_LEASE_OFFSET) answer->offset = field.value;
    if (field.number == GG_LEASE_SIZE) answer->size = field.value;
  }
  answer->has_lease = true;
  return more == 0;
}

static bool read_window(gg_span window, gg_answer *answer) {
  gg_field field;
  int more;
  while ((more = gg_next(&window, &field)) > 0) {
    if (field.number == GG_WINDOW_FIRST_PLANE) answer->first_plane = field.value;
    if (field.number == GG_WINDOW_PLANES) answer->planes = field.value;
    if (field.number == GG_WINDOW_FIRST_POINT) answer->first_point = field.value;
    if (field.number == GG_WINDOW_POINTS) answer->points = field.value;
  }
  answer->has_window = true;
  return more == 0;
}

static bool read_grant(gg_span raw, gg_answer *answer) {
  gg_grant *grant = &answer->grant;
  gg_field field;
  int more;
  while ((more = gg_next(&raw, &field)) > 0) {
    if (field.number == GG_LANE_GRANT_BOUND) grant->bound = field.value;
    if (field.number == GG_LANE_GRANT_SLOTS) grant->slots = field.value;
    if (field.number == GG_LANE_GRANT_FIRST_SLOT) grant->first_slot = field.value;
    if (field.number == GG_LANE_GRANT_NUMBERS_OFFSET) grant->numbers_offset = field.value;
    if (field.number == GG_LANE_GRANT_NUMBERS_BYTES) grant->numbers_bytes = field.value;
    if (field.number == GG_LANE_GRANT_RESULT_OFFSET) grant->result_offset = field.value;
    if (field.number == GG_LANE_GRANT_RESULT_BYTES) grant->result_bytes = field.value;
    if (field.number == GG_LANE_GRANT_STRIDE) grant->stride = field.value;
    if (field.number == GG_LANE_GRANT_MEMORY_BYTES) grant->memory_bytes = field.value;
  }
  answer->has_grant = true;
  return more == 0;
}

static bool read_response(gg_span response, gg_answer *answer) {
  gg_field field;
  int more;
  while ((more = gg_next(&response, &field)) > 0) {
    if (!gg_is_span(&field)) continue;
    if (field.number == GG_GRID_GRADIENT_RESPONSE_HEADER) answer->header = field.span;
    if (field.number == GG_GRID_GRADIENT_RESPONSE_DATA) answer->data = field.span;
  }
  return more == 0;
}

bool gg_read_answer(gg_span message, gg_answer *answer) {
  memset(answer, 0, sizeof *answer);
  gg_field field;
  int more;
  while ((more = gg_next(&message, &field)) > 0) {
    if (field.number == GG_SESSION_RESPONSE_ID) answer->call = field.value;
    if (field.number == GG_SESSION_RESPONSE_MEMORY_BYTES) answer->memory_bytes = field.value;
    if (field.number == GG_SESSION_RESPONSE_LANES) answer->has_lanes = field.value != 0;
    if (field.number == GG_SESSION_RESPONSE_LAST) answer->is_last = field.value != 0;
    if (!gg_is_span(&field)) continue;
    if (field.number == GG_SESSION_RESPONSE_STATUS) {
      answer->status = field.span;
      answer->has_status = true;
    }
    if (field.number == GG_SESSION_RESPONSE_LEASE && !read_lease(field.span, answer)) return false;
    if (field.number == GG_SESSION_RESPONSE_WINDOW && !read_window(field.span, answer)) return false;
    if (field.number == GG_SESSION_RESPONSE_LANE && !read_grant(field.span, answer)) return false;
    if (field.number == GG_SESSION_RESPONSE_RESPONSE && !read_response(field.span, answer)) return false;
  }
  return more == 0;
}

static bool times(uint64_t *value, uint64_t by) { return !__builtin_mul_overflow(*value, by, value); }

static bool add_length(gg_header *header, uint64_t length) {
  if (header->ndim == GRIDGRAD_MAX_DIMS || length > INT64_MAX) return false;
  header->shape[header->ndim++] = (int64_t)length;
  return times(&header->points, length);
}

/* The lengths come packed, or one by one. */
static bool read_shape(const gg_field *field, gg_header *header) {
  if (!gg_is_span(field)) return add_length(header, field->value);
  gg_span packed = field->span;
  while (packed.size) {
    uint64_t length = 0;
    unsigned shift = 0;
    unsigned char byte;
    do {
      if (!packed.size || shift > 63) return false;
      byte = *packed.data++;
      --packed.size;
      length |= (uint64_t)(byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    if (!add_length(header, length)) return false;
  }
  return true;
}

static bool read_info(gg_span info, gg_header *header) {
  gg_field field;
  int more;
  while ((more = gg_next(&info, &field)) > 0) {
    if (field.wire_type != GG_I64) continue;
    if (field.number == GG_INFO_QUEUE_S) header->queue_s = gg_as_double(field.value);
    if (field.number == GG_INFO_COMPUTE_S) header->compute_s = gg_as_double(field.value);
  }
  return more == 0;
}

static uint64_t width_of(int dtype) {
  switch (dtype) {
    case GRIDGRAD_FLOAT32: return 4;
    case GRIDGRAD_FLOAT64:
    case GRIDGRAD_INT64: return 8;
    default: return 0;
  }
}

bool gg_read_header(gg_span raw, gg_header *header) {
  memset(header, 0, sizeof *header);
  header->points = 1;
  header->derivatives = 1; /* the value */
  gg_field field;
  int more;
  while ((more = gg_next(&raw, &field)) > 0) {
    if (field.number == GG_RESULT_HEADER_DTYPE) header->dtype = (int)(field.value & 0xff);
    if (field.number == GG_RESULT_HEADER_BOUND) header->bound = field.value;
    if (field.number == GG_RESULT_HEADER_DERIVATIVES && ++header->derivatives > 1 << 20) return false;
    if (field.number == GG_RESULT_HEADER_COMPONENTS && ++header->components > 1 << 20) return false;
    if (field.number == GG_RESULT_HEADER_SHAPE && !read_shape(&field, header)) return false;
    if (field.number == GG_RESULT_HEADER_INFO && gg_is_span(&field) && !read_info(field.span, header)) return false;
  }
  header->planes = header->bytes = (uint64_t)header->derivatives * (uint64_t)header->components;
  return more == 0 && header->planes && times(&header->bytes, header->points) &&
         times(&header->bytes, width_of(header->dtype)) && header->bytes <= INT64_MAX &&
         (header->bytes > 0 || header->points == 0);
}

/* Takes the name before the next comma off a list. */
static gg_span next_name(const char **list) {
  gg_span name = {(const unsigned char *)*list, strcspn(*list, ",")};
  *list += name.size + ((*list)[name.size] == ',');
  return name;
}

/* Whether a list of names with commas has a name just so often. */
static size_t count_in_list(const char *list, gg_span name) {
  size_t count = 0;
  while (*list) {
    gg_span each = next_name(&list);
    count += each.size == name.size && !memcmp(each.data, name.data, name.size);
  }
  return count;
}

static size_t count_in_derivative(gg_span derivative, gg_span name) {
  size_t count = 0;
  gg_field field;
  while (gg_next(&derivative, &field) > 0)
    if (gg_is_span(&field)) count += field.span.size == name.size && !memcmp(field.span.data, name.data, name.size);
  return count;
}

static bool is_same(gg_span derivative, const char *wrt) {
  size_t names = 0, asked = 0;
  gg_span each = derivative;
  gg_field field;
  while (gg_next(&each, &field) > 0) names += gg_is_span(&field);
  for (const char *left = wrt; *left; ++asked) {
    gg_span name = next_name(&left);
    if (count_in_list(wrt, name) != count_in_derivative(derivative, name)) return false;
  }
  return names == asked;
}

int gg_find_derivative(gg_span raw, const char *wrt) {
  int position = 0;
  gg_field field;
  while (gg_next(&raw, &field) > 0) {
    if (field.number != GG_RESULT_HEADER_DERIVATIVES || !gg_is_span(&field)) continue;
    ++position;
    if (is_same(field.span, wrt)) return position;
  }
  return -1;
}
