// Lanes: answers calls that lie in memory which callers share with this worker, between batches from the socket; see
// lanes.py, and gridgrad_core.system.lane_layout for what lies where.
//
// A caller writes what it likes to its lane at any time. So nothing is taken from there but numbers of requests, which
// are compared alone, and the numbers of a call, which are copied once before they are computed with. What is waited
// for by the caller is written in the order of the stores. No call here blocks but the one poll.
//
// Each lane has one call computed in turn, and after these the socket one batch: whoever calls often waits for himself.

#pragma once

#include <poll.h>

#include "request_template.h"

constexpr int MOST_LANES = 256;
constexpr double SPIN_S = 30e-6, ACTIVE_S = 0.01;
constexpr int LOOK_EVERY = 32;

struct LaneCopy {
    const char* from;
    char* to;
    int64_t size;
};

struct LaneSlot {
    const BatchTemplate* batch;
    const LaneCopy* copies;
    int64_t copy_count;
    int64_t cost, points;
    uint32_t answered;  // the number of the request that was answered last
};

// Of a lane, in memory that its caller does not have; the server reads it, and writes the last two.
struct LaneAccount {
    double busy_since;  // by the monotonic clock; 0 between calls
    int64_t calls, cost, points;
    double seconds;
    int64_t refused;
    int64_t budget;  // as much as its calls may cost in all
    int64_t spinners;  // as many processes may wait busily for calls and answers
};

struct Lane {
    uint32_t *is_asleep, *may_spin, *is_waiting, *requests, *answers, *outcomes;
    double* seconds;
    LaneAccount* account;
    LaneSlot* slots;
    int64_t slot_count;
    int32_t bell, is_over;
    double called_at;

    // Answers one call, the first that waits; whether there was one.
    bool answer_one() {
        for (int64_t n = 0; n < slot_count; n++) {
            uint32_t request = __atomic_load_n(requests + n, __ATOMIC_ACQUIRE);
            if (request == slots[n].answered || !slots[n].batch) continue;
            outcomes[n] = !compute(slots[n], seconds[n]);
            slots[n].answered = request;
            __atomic_store_n(answers + n, request, __ATOMIC_SEQ_CST);
            if (__atomic_load_n(is_waiting, __ATOMIC_SEQ_CST)) ring();
            return true;
        }
        return false;
    }

    bool has_calls() const {
        for (int64_t n = 0; n < slot_count; n++)
            if (slots[n].batch && __atomic_load_n(requests + n, __ATOMIC_SEQ_CST) != slots[n].answered) return true;
        return false;
    }

    void say_asleep(uint32_t asleep) { __atomic_store_n(is_asleep, asleep, __ATOMIC_SEQ_CST); }

    // Takes in what was rung, or that the caller is gone.
    void hear() {
        char rung[1 << 10];  // what is left is heard the next time: nobody keeps it listening
        if (!recv(bell, rung, sizeof rung, MSG_DONTWAIT)) is_over = 1;
    }

private:
    void ring() { send(bell, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL); }

    bool compute(const LaneSlot& slot, double& seconds) {
        if (account->cost >= __atomic_load_n(&account->budget, __ATOMIC_RELAXED)) {
            account->refused++;
            return false;
        }
        for (int64_t n = 0; n < slot.copy_count; n++) std::memcpy(slot.copies[n].to, slot.copies[n].from, slot.copies[n].size);
        double start = seconds_now();
        __atomic_store(&account->busy_since, &start, __ATOMIC_RELAXED);
        bool done = slot.batch->run();
        double took = seconds_now() - start, idle = 0;
        __atomic_store(&account->busy_since, &idle, __ATOMIC_RELAXED);
        seconds = took;
        account->calls++;
        account->cost += slot.cost;
        account->points += slot.points;
        account->seconds += took;
        return done;
    }
};

INLINE void pause_briefly() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

// Whether to wait busily: while that was mostly followed by a call, and else now and then to see whether it would be.
// Who is put aside meanwhile is in the way of others, and would next be put aside at a call: that is tried seldom.
class Spinning {
    static constexpr int BEST = 8, TRY_AFTER = 32, TRY_MUCH_LATER = 2048;
    static constexpr double PUT_ASIDE_S = 100e-6;
    int luck = BEST, tries_after = 0;
    double until = 0, seen_at = 0;

public:
    bool is_on = false;

    void begin(double now, bool may) {
        if (is_on && now - seen_at > PUT_ASIDE_S) put_aside();
        is_on = may && (luck > 0 || --tries_after <= 0);
        if (!luck && is_on) tries_after = TRY_AFTER;
        until = now + SPIN_S;
        seen_at = now;
    }

    void called() {
        if (is_on) luck = std::min(luck + 1, BEST);
    }

    bool is_over(double now) {
        if (is_on && now - seen_at > PUT_ASIDE_S) put_aside();
        seen_at = now;
        if (is_on && now < until) return false;
        if (is_on) luck = std::max(luck - 1, 0);
        is_on = false;
        return true;
    }

private:
    void put_aside() {
        luck = 0;
        tries_after = TRY_MUCH_LATER;
        is_on = false;
    }
};

enum Heard { NOTHING, OTHER, LATE };

static bool may_spin(Lane** lanes, int64_t count, double now) {
    int64_t active = 1, spinners = count ? __atomic_load_n(&lanes[0]->account->spinners, __ATOMIC_RELAXED) : 0;
    for (int64_t n = 0; n < count; n++) active += now - lanes[n]->called_at < ACTIVE_S;
    for (int64_t n = 0; n < count; n++) *lanes[n]->may_spin = active <= spinners;
    return active <= spinners;
}

// Answers one call of each lane that has some; whether there was any.
static bool answer_each(Lane** lanes, int64_t count, double now) {
    bool answered = false;
    for (int64_t n = 0; n < count; n++)
        if (!lanes[n]->is_over && lanes[n]->answer_one()) {
            answered = true;
            lanes[n]->called_at = now;
        }
    return answered;
}

// Sleeps until a bell is rung, something comes over the socket, or so long.
static void sleep_until_rung(int socket, Lane** lanes, int64_t count, int timeout_ms) {
    pollfd polled[1 + MOST_LANES] = {{socket, POLLIN, 0}};
    bool has_calls = false;
    for (int64_t n = 0; n < count; n++) {
        polled[1 + n] = {lanes[n]->is_over ? -1 : lanes[n]->bell, POLLIN, 0};
        lanes[n]->say_asleep(1);
        has_calls |= !lanes[n]->is_over && lanes[n]->has_calls();
    }
    if (!has_calls) poll(polled, nfds_t(1 + count), timeout_ms);
    for (int64_t n = 0; n < count; n++) {
        lanes[n]->say_asleep(0);
        if (!has_calls && polled[1 + n].revents) lanes[n]->hear();
    }
}

// Answers what comes in lanes, and batches that are known; OTHER when anything else is there, LATE after so long.
EXPORTED int answer_lanes(int socket, Lane** lanes, int64_t count, int timeout_ms) {
    static Spinning spinning;
    double now = seconds_now(), until = timeout_ms < 0 ? 1e300 : now + 1e-3 * timeout_ms;
    bool was_idle = false;
    for (int64_t turn = 0; now <= until; turn++) {
        bool answered = answer_each(lanes, count, now);
        if (!answered && turn % LOOK_EVERY) {
            pause_briefly();
            continue;
        }
        now = seconds_now();
        int known = answer_next(socket, MSG_DONTWAIT);
        if (known < 0) return OTHER;
        if (answered && was_idle) spinning.called();
        was_idle = !answered && !known;
        if (!was_idle) spinning.begin(now, may_spin(lanes, count, now));
        if (was_idle && spinning.is_over(now)) {
            sleep_until_rung(socket, lanes, count, timeout_ms);
            now = seconds_now();
            turn = -1;
        }
    }
    return LATE;
}
