/* Reading and writing protobuf's wire format, and errors. */

#ifndef GG_WIRE_H
#define GG_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gridgrad.h"
#include "tags.h"

/* Bytes that grow. `failed` stays set once there was no memory; what is written after that is lost. */
typedef struct gg_buffer {
  unsigned char *data;
  size_t size, capacity;
  bool failed;
} gg_buffer;

bool gg_reserve(gg_buffer *buffer, size_t more);
void gg_free(gg_buffer *buffer);
void gg_raw(gg_buffer *buffer, const void *data, size_t size);
void gg_varint(gg_buffer *buffer, uint64_t value);
void gg_tag(gg_buffer *buffer, int field, int wire_type);
void gg_uint(gg_buffer *buffer, int field, uint64_t value);
void gg_double(gg_buffer *buffer, int field, double value);
void gg_fixed64(gg_buffer *buffer, int field, uint64_t value);
void gg_bytes(gg_buffer *buffer, int field, const void *data, size_t size);
void gg_text(gg_buffer *buffer, int field, const char *text);
size_t gg_varint_size(uint64_t value);
void gg_put32(unsigned char *to, uint32_t value);
uint32_t gg_get32(const unsigned char *from);

/* A part of a message that was read. */
typedef struct gg_span {
  const unsigned char *data;
  size_t size;
} gg_span;

/* A field of a message: its number, and its value as number or as span. */
typedef struct gg_field {
  int number;
  int wire_type;
  uint64_t value;
  gg_span span;
} gg_field;

enum { GG_VARINT = 0, GG_I64 = 1, GG_LEN = 2, GG_I32 = 5 };

/* Takes the next field off a message: 1, or 0 at its end, or -1 for what is none. */
int gg_next(gg_span *message, gg_field *field);
double gg_as_double(uint64_t bits);
/* Whether a field is a span; a field of another kind is not. */
bool gg_is_span(const gg_field *field);

/* Sets an error, cutting what is too long; returns the reason. */
int gg_fail(gridgrad_error *error, int reason, const char *field, const char *found, const char *remedy);
int gg_fail_errno(gridgrad_error *error, int reason, const char *what, int number, const char *remedy);
int gg_no_memory(gridgrad_error *error);
int gg_bad_protocol(gridgrad_error *error);
/* Reads a Status into an error; returns the reason. */
int gg_read_status(gg_span status, gridgrad_error *error);

#endif
