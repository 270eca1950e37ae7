// Answers batches that come again, from the socket and back to it; see repeats.py.
//
// A frame is 4 bytes of length and a message. One that asks for a batch ends with the batch's number; all that stands
// before that is the same when the batch comes again. A frame is taken from the socket only when it has been answered:
// one that is not known stays there, for who reads all kinds.

#pragma once

#include <sys/socket.h>

#include <ctime>

#include "vectors.h"

typedef uint64_t Number;
constexpr int64_t HEAD = 4, MARK = 64, LONGEST_FRAME = 1 << 12, LONGEST_ANSWER = 64;
constexpr uint32_t PLACES = 1 << 10;

// What was computed: by which function from what, and what to answer but for the number and the seconds.
struct Repeat {
    void (*compute)(int64_t* row, int64_t count, int threads);
    int64_t *row, *outcome, threads;
    char* mark;  // says meanwhile what is running
    const char *running, *idle;
    const char* message;  // but for the number
    int64_t message_bytes;
    const char* answer;
    int64_t answer_bytes;

    bool is(const char* other, int64_t size) const {
        return size == message_bytes && !std::memcmp(other, message, size);
    }

    // Whether that was done; if not, it wants a closer look.
    bool run() const {
        std::memcpy(mark, running, MARK);
        compute(row, 1, int(threads));
        std::memcpy(mark, idle, MARK);
        return !*outcome;
    }
};

// A WorkerMessage with a BatchDone, whose other fields follow.
struct __attribute__((packed)) Answer {
    uint32_t size;
    uint8_t done_tag = 0x12, done_bytes, number_tag = 0x09;
    Number number;
    uint8_t seconds_tag = 0x11;
    double seconds;
    char rest[LONGEST_ANSWER];

    // Whether the other end took it.
    bool send_to(int socket, const Repeat& repeat) {
        std::memcpy(rest, repeat.answer, repeat.answer_bytes);
        done_bytes = uint8_t(rest + repeat.answer_bytes - (char*)&number_tag);
        size = 2 + done_bytes;
        return send(socket, this, HEAD + size, MSG_NOSIGNAL) == HEAD + int64_t(size);
    }
};

static const Repeat* places[PLACES];  // of all for one place, who comes last has it

INLINE const Repeat*& place_of(const char* message, int64_t size) {
    uint32_t hash = 2166136261u;  // FNV-1a
    for (int64_t n = 0; n < size; n++) hash = (hash ^ (uint8_t)message[n]) * 16777619u;
    return places[(hash ^ hash >> 16) % PLACES];
}

INLINE double seconds_now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

// Answers what it knows, and returns when anything else is there.
EXPORTED void serve(int socket) {
    char frame[LONGEST_FRAME];
    for (;;) {
        int64_t count = recv(socket, frame, sizeof frame, MSG_PEEK);
        uint32_t size = 0;
        if (count < HEAD) return;
        std::memcpy(&size, frame, HEAD);
        int64_t same = int64_t(size) - int64_t(sizeof(Number));
        if (same < 0 || count < HEAD + int64_t(size)) return;
        const Repeat* known = place_of(frame + HEAD, same);
        if (!known || !known->is(frame + HEAD, same)) return;
        Answer answer;
        std::memcpy(&answer.number, frame + HEAD + same, sizeof(Number));
        double start = seconds_now();
        if (!known->run()) return;
        answer.seconds = seconds_now() - start;
        if (!answer.send_to(socket, *known)) return;
        recv(socket, frame, HEAD + size, MSG_WAITALL);
    }
}

// Knows a batch from now on, until told to forget all.
EXPORTED void learn(const Repeat* repeat) {
    if (repeat->answer_bytes <= LONGEST_ANSWER) place_of(repeat->message, repeat->message_bytes) = repeat;
}

EXPORTED void forget() { std::memset(places, 0, sizeof places); }
