#include <stdio.h>
#include <string.h>

#include "wire.h"

static void set(char *to, size_t room, const char *text, size_t size) {
  if (size >= room) size = room - 1;
  memcpy(to, text, size);
  to[size] = 0;
}

int gg_fail(gridgrad_error *error, int reason, const char *field, const char *found, const char *remedy) {
  if (error) {
    error->reason = reason;
    error->pushback_s = 0;
    set(error->field, sizeof error->field, field, strlen(field));
    set(error->found, sizeof error->found, found, strlen(found));
    set(error->remedy, sizeof error->remedy, remedy, strlen(remedy));
  }
  return reason;
}

int gg_fail_errno(gridgrad_error *error, int reason, const char *what, int number, const char *remedy) {
  char found[512], said[256];
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
  snprintf(found, sizeof found, "%s: %s", what, strerror_r(number, said, sizeof said));
#else
  if (strerror_r(number, said, sizeof said)) snprintf(said, sizeof said, "error %d", number);
  snprintf(found, sizeof found, "%s: %s", what, said);
#endif
  return gg_fail(error, reason, "", found, remedy);
}

int gg_no_memory(gridgrad_error *error) {
  return gg_fail(error, GRIDGRAD_MEMORY, "", "there is no memory", "ask for less at a time");
}

int gg_bad_protocol(gridgrad_error *error) {
  return gg_fail(error, GRIDGRAD_PROTOCOL, "", "an answer that is none of the protocol",
                 "connect to a gridgrad-server, and report it if it is one");
}

/* The reason by the code of gRPC, for a server that says no other. */
static int reason_of(uint64_t code) {
  switch (code) {
    case 1: return GRIDGRAD_CANCELLED;
    case 3: return GRIDGRAD_REQUEST;
    case 4: return GRIDGRAD_DEADLINE;
    case 5: return GRIDGRAD_UNKNOWN_FUNCTION;
    case 7: return GRIDGRAD_FORBIDDEN;
    case 8: return GRIDGRAD_BUSY;
    case 9: return GRIDGRAD_NOT_PREPARED;
    case 10: return GRIDGRAD_CRASH;
    case 14: return GRIDGRAD_UNAVAILABLE;
    case 16: return GRIDGRAD_REFUSED;
    default: return GRIDGRAD_INTERNAL;
  }
}

int gg_read_status(gg_span status, gridgrad_error *error) {
  gridgrad_error unused;
  if (!error) error = &unused;
  memset(error, 0, sizeof *error);
  uint64_t code = 2, reason = 0, closer = 0;
  gg_span detail = {0};
  gg_field field;
  int more;
  while ((more = gg_next(&status, &field)) > 0) {
    if (field.number == GG_STATUS_CODE) code = field.value;
    if (field.number == GG_STATUS_PUSHBACK_MS) error->pushback_s = (double)field.value / 1e3;
    if (field.number == GG_STATUS_DETAIL && gg_is_span(&field)) detail = field.span;
    if (field.number == GG_STATUS_MESSAGE && gg_is_span(&field))
      set(error->found, sizeof error->found, (const char *)field.span.data, field.span.size);
  }
  if (more < 0) return gg_bad_protocol(error);
  while ((more = gg_next(&detail, &field)) > 0) {
    const char *text = (const char *)field.span.data;
    if (field.number == GG_ERROR_DETAIL_REASON) reason = field.value;
    if (field.number == GG_ERROR_DETAIL_CLOSER_REASON) closer = field.value;
    if (!gg_is_span(&field)) continue;
    if (field.number == GG_ERROR_DETAIL_FIELD) set(error->field, sizeof error->field, text, field.span.size);
    if (field.number == GG_ERROR_DETAIL_FOUND) set(error->found, sizeof error->found, text, field.span.size);
    if (field.number == GG_ERROR_DETAIL_REMEDY) set(error->remedy, sizeof error->remedy, text, field.span.size);
  }
  if (more < 0) return gg_bad_protocol(error);
  if (closer == GG_ERROR_REASON_STARTING || closer == GG_ERROR_REASON_UNSUPPORTED ||
      closer == GG_ERROR_REASON_FORGOTTEN_NUMBER)
    reason = closer;
  error->reason = reason && reason < 64 ? (int)reason : reason_of(code);
  return error->reason;
}

const char *gridgrad_reason_name(int reason) {
  switch (reason) {
    case GRIDGRAD_OK: return "OK";
    case GRIDGRAD_REQUEST: return "REQUEST";
    case GRIDGRAD_EXPRESSION: return "EXPRESSION";
    case GRIDGRAD_TOO_LARGE: return "TOO_LARGE";
    case GRIDGRAD_UNKNOWN_FUNCTION: return "UNKNOWN_FUNCTION";
    case GRIDGRAD_BUSY: return "BUSY";
    case GRIDGRAD_DEADLINE: return "DEADLINE";
    case GRIDGRAD_UNAVAILABLE: return "UNAVAILABLE";
    case GRIDGRAD_CRASH: return "CRASH";
    case GRIDGRAD_INTERNAL: return "INTERNAL";
    case GRIDGRAD_CANCELLED: return "CANCELLED";
    case GRIDGRAD_NOT_PREPARED: return "NOT_PREPARED";
    case GRIDGRAD_STARTING: return "STARTING";
    case GRIDGRAD_REFUSED: return "REFUSED";
    case GRIDGRAD_FORBIDDEN: return "FORBIDDEN";
    case GRIDGRAD_UNSUPPORTED: return "UNSUPPORTED";
    case GRIDGRAD_MEMORY: return "MEMORY";
    case GRIDGRAD_PROTOCOL: return "PROTOCOL";
    default: return "UNKNOWN";
  }
}
