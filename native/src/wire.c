#include "wire.h"

#include <stdlib.h>
#include <string.h>

bool gg_reserve(gg_buffer *buffer, size_t more) {
  if (buffer->failed || more > SIZE_MAX / 4 - buffer->size) {
    buffer->failed = true;
    return false;
  }
  size_t needed = buffer->size + more;
  if (needed <= buffer->capacity) return true;
  size_t capacity = buffer->capacity ? buffer->capacity : 256;
  while (capacity < needed) capacity *= 2;
  unsigned char *grown = realloc(buffer->data, capacity);
  if (!grown) {
    buffer->failed = true;
    return false;
  }
  buffer->data = grown;
  buffer->capacity = capacity;
  return true;
}

void gg_free(gg_buffer *buffer) {
  free(buffer->data);
  memset(buffer, 0, sizeof *buffer);
}

void gg_raw(gg_buffer *buffer, const void *data, size_t size) {
  if (!gg_reserve(buffer, size)) return;
  if (size) memcpy(buffer->data + buffer->size, data, size);
  buffer->size += size;
}

size_t gg_varint_size(uint64_t value) {
  size_t size = 1;
  while (value >>= 7) ++size;
  return size;
}

void gg_varint(gg_buffer *buffer, uint64_t value) {
  if (!gg_reserve(buffer, 10)) return;
  while (value >= 0x80) {
    buffer->data[buffer->size++] = (unsigned char)(value | 0x80);
    value >>= 7;
  }
  buffer->data[buffer->size++] = (unsigned char)value;
}

void gg_tag(gg_buffer *buffer, int field, int wire_type) { gg_varint(buffer, (uint64_t)field << 3 | (unsigned)wire_type); }

void gg_uint(gg_buffer *buffer, int field, uint64_t value) {
  gg_tag(buffer, field, GG_VARINT);
  gg_varint(buffer, value);
}

void gg_fixed64(gg_buffer *buffer, int field, uint64_t value) {
  unsigned char raw[8];
  for (int i = 0; i < 8; ++i) raw[i] = (unsigned char)(value >> 8 * i);
  gg_tag(buffer, field, GG_I64);
  gg_raw(buffer, raw, sizeof raw);
}

void gg_double(gg_buffer *buffer, int field, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  gg_fixed64(buffer, field, bits);
}

void gg_bytes(gg_buffer *buffer, int field, const void *data, size_t size) {
  gg_tag(buffer, field, GG_LEN);
  gg_varint(buffer, size);
  gg_raw(buffer, data, size);
}

void gg_text(gg_buffer *buffer, int field, const char *text) { gg_bytes(buffer, field, text, strlen(text)); }

void gg_put32(unsigned char *to, uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = (unsigned char)(value >> 8 * i);
}

uint32_t gg_get32(const unsigned char *from) {
  return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static bool read_varint(gg_span *message, uint64_t *value) {
  uint64_t read = 0;
  for (size_t i = 0; i < 10 && i < message->size; ++i) {
    unsigned char byte = message->data[i];
    read |= (uint64_t)(byte & 0x7f) << 7 * i;
    if (!(byte & 0x80)) {
      message->data += i + 1;
      message->size -= i + 1;
      *value = read;
      return true;
    }
  }
  return false;
}

static bool take(gg_span *message, size_t size, gg_span *taken) {
  if (size > message->size) return false;
  taken->data = message->data;
  taken->size = size;
  message->data += size;
  message->size -= size;
  return true;
}

int gg_next(gg_span *message, gg_field *field) {
  if (!message->size) return 0;
  uint64_t tag, size;
  memset(field, 0, sizeof *field);
  if (!read_varint(message, &tag) || tag >> 3 == 0 || tag >> 3 > INT32_MAX) return -1;
  field->number = (int)(tag >> 3);
  field->wire_type = (int)(tag & 7);
  gg_span raw;
  switch (field->wire_type) {
    case GG_VARINT:
      return read_varint(message, &field->value) ? 1 : -1;
    case GG_LEN:
      return read_varint(message, &size) && size <= message->size && take(message, (size_t)size, &field->span) ? 1 : -1;
    case GG_I64:
    case GG_I32: {
      size_t width = field->wire_type == GG_I64 ? 8 : 4;
      if (!take(message, width, &raw)) return -1;
      for (size_t i = 0; i < width; ++i) field->value |= (uint64_t)raw.data[i] << 8 * i;
      return 1;
    }
    default:
      return -1;
  }
}

double gg_as_double(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

bool gg_is_span(const gg_field *field) { return field->wire_type == GG_LEN; }
