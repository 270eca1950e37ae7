// Request templates of whole batches: answers a batch that comes again, from the socket and back to it; see
// request_template.py.
//
// A frame is 4 bytes of length and a message. One that asks for a batch ends with the batch's number; all that stands
// before that is the same when the batch comes again. A frame is taken from the socket only when it has been answered:
// one that is not known stays there, for who reads all kinds.

#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <ctime>

#include "vectors.h"

typedef uint64_t BatchNumber;
constexpr int64_t HEAD = 4, MARK = 64, LONGEST_FRAME = 1 << 12, LONGEST_ANSWER = 1 << 12;
constexpr uint32_t BUCKETS = 1 << 10;

// What was computed: by which function from which rows, and what to answer but for the number and the seconds.
struct BatchTemplate {
    void (*compute)(int64_t* rows, int64_t count, int threads);
    int64_t* rows;  // so many, of so many numbers each, the last of which is the outcome
    int64_t count, numbers, threads;
    char* mark;  // says meanwhile what is running
    const char *running, *idle;
    const char* message;  // but for the number
    int64_t message_bytes;
    const char* answer;
    int64_t answer_bytes;

    bool matches(const char* other, int64_t size) const {
        return size == message_bytes && !std::memcmp(other, message, size);
    }

    // Whether there was memory for it.
    bool run() const {
        std::memcpy(mark, running, MARK);
        compute(rows, count, int(threads));
        std::memcpy(mark, idle, MARK);
        for (int64_t row = 1; row <= count; row++)
            if (rows[row * numbers - 1]) return false;
        return true;
    }
};

// A WorkerMessage with a BatchDone, whose other fields follow. The tags are the schema's; see codegen/wire_tags.py.
class Answer {
    char frame[HEAD + 32 + LONGEST_ANSWER];
    char* end = frame + HEAD;

    void put(uint8_t byte) { *end++ = char(byte); }
    void put(const void* from, int64_t size) {
        std::memcpy(end, from, size);
        end += size;
    }

public:
    Answer(const BatchTemplate& batch, BatchNumber number, double seconds) {
        put(DONE_TAG);
        uint64_t left = 2 + sizeof number + sizeof seconds + batch.answer_bytes;
        for (; left >= 128; left >>= 7) put(uint8_t(left | 128));  // a varint
        put(uint8_t(left));
        put(NUMBER_TAG);
        put(&number, sizeof number);
        put(SECONDS_TAG);
        put(&seconds, sizeof seconds);
        put(batch.answer, batch.answer_bytes);
        uint32_t size = uint32_t(end - frame - HEAD);
        std::memcpy(frame, &size, HEAD);
    }

    // Whether the other end took it.
    bool send_to(int socket) const { return send(socket, frame, end - frame, MSG_NOSIGNAL) == end - frame; }
};

static const BatchTemplate* buckets[BUCKETS];  // of batches of one bucket the last has it

INLINE const BatchTemplate*& bucket_of(const char* message, int64_t size) {
    uint32_t hash = 2166136261u;  // FNV-1a
    for (int64_t n = 0; n < size; n++) hash = (hash ^ (uint8_t)message[n]) * 16777619u;
    return buckets[(hash ^ hash >> 16) % BUCKETS];
}

INLINE double seconds_now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

// Answers a batch that it knows: 1. 0 when there is none now, -1 when anything else is there.
static int answer_next(int socket, int flags) {
    char frame[LONGEST_FRAME];
    int64_t count = recv(socket, frame, sizeof frame, MSG_PEEK | flags);
    if (count < 0 && errno == EAGAIN) return 0;
    uint32_t size = 0;
    if (count < HEAD) return -1;
    std::memcpy(&size, frame, HEAD);
    int64_t prefix = int64_t(size) - int64_t(sizeof(BatchNumber));
    if (prefix < 0 || count < HEAD + int64_t(size)) return -1;
    const BatchTemplate* known = bucket_of(frame + HEAD, prefix);
    if (!known || !known->matches(frame + HEAD, prefix)) return -1;
    BatchNumber number;
    std::memcpy(&number, frame + HEAD + prefix, sizeof number);
    double start = seconds_now();
    if (!known->run() || !Answer(*known, number, seconds_now() - start).send_to(socket)) return -1;
    recv(socket, frame, HEAD + size, MSG_WAITALL);
    return 1;
}

// Answers what it knows, and returns when anything else is there.
EXPORTED void answer_known(int socket) {
    while (answer_next(socket, 0) > 0) {}
}

// Knows a batch from now on, until told to forget all.
EXPORTED void remember(const BatchTemplate* batch) {
    if (batch->answer_bytes <= LONGEST_ANSWER) bucket_of(batch->message, batch->message_bytes) = batch;
}

EXPORTED void forget() { std::memset(buckets, 0, sizeof buckets); }
