// Answers batches that come again, from the socket and back to it; see repeats.py.
//
// A frame is 4 bytes of length and a message. One that asks for a batch begins with the batch's number; all that follows
// it is the same when the batch comes again. A frame is taken from the socket only when it has been answered: one that
// is not known stays there, for who reads all kinds.

#pragma once

#include <sys/socket.h>

#include <ctime>

#include "vectors.h"

constexpr int64_t HEAD = 4, LONGEST_FRAME = 1 << 12, LONGEST_NUMBER = 11, LONGEST_ANSWER = 96, MARK = 64;
constexpr uint8_t BATCH = 0x0a, ID = 0x08, DONE_MESSAGE = 0x12, COMPUTE_S = 0x11;  // tags of worker.proto
constexpr uint32_t PLACES = 1 << 10;

// What was computed: by which function from what, and what to answer but for the number and the seconds.
struct Repeat {
    void (*compute)(int64_t* row, int64_t count, int threads);
    int64_t *row, *outcome, threads;
    char* mark;  // says meanwhile what is running
    const char *running, *idle;
    const char* rest;
    int64_t rest_bytes;
    const char* answer;
    int64_t answer_bytes;

    // Whether that was done; if not, it wants a closer look.
    bool run() const {
        std::memcpy(mark, running, MARK);
        compute(row, 1, int(threads));
        std::memcpy(mark, idle, MARK);
        return !*outcome;
    }
};

// A message that asks for a batch: the number with its tag, and what follows it. Of any other, nothing.
struct Asked {
    const char *number = nullptr, *rest = nullptr;
    int64_t number_bytes = 0, rest_bytes = 0;

    Asked(const char* message, int64_t size) {
        const uint8_t* bytes = (const uint8_t*)message;
        if (size < 3 + LONGEST_NUMBER || bytes[0] != BATCH) return;
        int64_t start = bytes[1] < 0x80 ? 2 : 3, end = start + 1;
        if (bytes[start] != ID) return;
        while (end < start + LONGEST_NUMBER - 1 && bytes[end] >= 0x80) end++;
        number = message + start;
        number_bytes = ++end - start;
        rest = message + end;
        rest_bytes = size - end;
    }

    uint32_t place() const {
        uint32_t hash = 2166136261u;  // FNV-1a
        for (int64_t n = 0; n < rest_bytes; n++) hash = (hash ^ (uint8_t)rest[n]) * 16777619u;
        return (hash ^ hash >> 16) % PLACES;
    }

    bool is(const Repeat* known) const {
        return known && rest_bytes == known->rest_bytes && !std::memcmp(rest, known->rest, rest_bytes);
    }
};

static const Repeat* places[PLACES];  // who comes last has a place

INLINE double seconds_now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

// Sends a frame: the number, the seconds and what else there is to answer. Whether the other end took it.
INLINE bool answer(int socket, const Asked& asked, double seconds, const Repeat& repeat) {
    char frame[HEAD + 2 + LONGEST_NUMBER + 1 + sizeof seconds + LONGEST_ANSWER], *end = frame + HEAD + 2;
    auto put = [&](const void* from, int64_t size) {
        std::memcpy(end, from, size);
        end += size;
    };
    put(asked.number, asked.number_bytes);
    *end++ = COMPUTE_S;
    put(&seconds, sizeof seconds);
    put(repeat.answer, repeat.answer_bytes);
    uint32_t size = uint32_t(end - frame - HEAD);
    std::memcpy(frame, &size, HEAD);
    frame[HEAD] = DONE_MESSAGE;
    frame[HEAD + 1] = char(size - 2);
    return send(socket, frame, end - frame, MSG_NOSIGNAL) == end - frame;
}

// Answers what it knows, and returns when anything else is there.
EXPORTED void serve(int socket) {
    char frame[LONGEST_FRAME];
    for (;;) {
        int64_t count = recv(socket, frame, sizeof frame, MSG_PEEK);
        uint32_t size = 0;
        if (count < HEAD) return;
        std::memcpy(&size, frame, HEAD);
        if (count < HEAD + int64_t(size)) return;
        Asked asked(frame + HEAD, size);
        const Repeat* known = places[asked.place()];
        if (!asked.is(known)) return;
        double start = seconds_now();
        if (!known->run() || !answer(socket, asked, seconds_now() - start, *known)) return;
        recv(socket, frame, HEAD + size, MSG_WAITALL);
    }
}

// Remembers the batch that a message has asked for, until told to forget all; whether it can be told from others.
EXPORTED int learn(const char* message, int64_t size, Repeat* repeat) {
    Asked asked(message, size);
    if (!asked.rest_bytes || HEAD + size > LONGEST_FRAME || repeat->answer_bytes > LONGEST_ANSWER) return 0;
    repeat->rest = asked.rest;
    repeat->rest_bytes = asked.rest_bytes;
    places[asked.place()] = repeat;
    return 1;
}

EXPORTED void forget() { std::memset(places, 0, sizeof places); }
