// Threads that compute together.

#pragma once

#include <omp.h>
#include <sched.h>

#include <atomic>

#include "vectors.h"

// Calls f(thread) in so many threads at once.
template <class F> INLINE void in_threads(int threads, F f) {
    if (threads == 1) return f(0);
#pragma omp parallel num_threads(threads)
    f(omp_get_thread_num());
}

// Work that threads share. Each takes the next part until there is none, and waits until all parts are done, but not
// for threads that have taken none: those that the system has not woken yet hold nobody up.
class SharedWork {
    std::atomic<int64_t> next{0}, done{0};
    std::atomic<bool> finished{false};

    static constexpr int SPINS = 1000;

public:
    // Calls f(n) for all n below the count, which is not 0, each in one of the threads that call this, and in the end
    // finish() in one of them. They take so many at a time.
    template <class F, class G> void share(int64_t count, int64_t grain, F f, G finish) {
        int64_t mine = 0;
        for (int64_t first; (first = next.fetch_add(grain, std::memory_order_relaxed)) < count;)
            for (int64_t n = first; n < std::min(count, first + grain); n++, mine++) f(n);
        if (mine && done.fetch_add(mine, std::memory_order_acq_rel) + mine == count) {
            finish();
            finished.store(true, std::memory_order_release);
        }
        for (int spins = 0; !finished.load(std::memory_order_acquire);)
            if (++spins > SPINS) sched_yield();
    }

    template <class F> void share(int64_t count, int64_t grain, F f) { share(count, grain, f, [] {}); }
};
