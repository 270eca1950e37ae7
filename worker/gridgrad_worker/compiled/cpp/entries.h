// Computes entries: small ones each in a thread of its own, large ones in all threads together.

#pragma once

#include <omp.h>

#include <vector>

#include "runtime.h"

// Memory that grows and is given back in the end.
struct Scratch {
    Real* memory = nullptr;
    int64_t numbers = 0;

    // Makes room for so many numbers; whether there is any.
    bool fits(int64_t wanted) {
        if (wanted > numbers) {
            std::free(memory);
            memory = (Real*)std::aligned_alloc(BYTES, (wanted * sizeof(Real) + BYTES - 1) / BYTES * BYTES);
            numbers = memory ? wanted : 0;
        }
        return wanted <= numbers;
    }
    ~Scratch() { std::free(memory); }
};

// Calls f(n, thread) for all n.
template <class F> INLINE void share(int threads, int64_t count, F f) {
    if (threads == 1) {
        for (int64_t n = 0; n < count; n++) f(n, 0);
        return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int64_t n = 0; n < count; n++) f(n, omp_get_thread_num());
}

template <class Plan> int64_t numbers_of(const Index& shape) {
    Panel<Plan> panel;
    panel.shape = shape;
    return panel.lay_out(nullptr);
}

// The shape of the panels of a box.
template <class Plan> Index panel_shape(const Entry& entry) {
    Index shape;
    for (int dim = 0; dim < DIMS; dim++) shape.of[dim] = entry.shape[dim];
    while (numbers_of<Plan>(shape) > MOST_NUMBERS) {
        int longest = 0;
        for (int dim = 1; dim < DIMS; dim++)
            if (shape.of[dim] >= shape.of[longest]) longest = dim;
        if (shape.of[longest] <= LEAST_PANEL) break;
        shape.of[longest] = blocks_of(shape.of[longest] / 2) * LANES;
    }
    return shape;
}

// The n-th panel of a box.
template <class Plan> Panel<Plan> nth_panel(const Entry& entry, const Index& shape, int64_t n, bool diagonal) {
    Panel<Plan> panel;
    for (int dim = DIMS - 1; dim >= 0; dim--) {
        int64_t count = (entry.shape[dim] + shape.of[dim] - 1) / shape.of[dim];
        int64_t mine = diagonal ? std::min(n, count - 1) : n % count;
        if (!diagonal) n /= count;
        panel.first.of[dim] = entry.first[dim] + mine * shape.of[dim];
        panel.shape.of[dim] = std::min(shape.of[dim], entry.shape[dim] - mine * shape.of[dim]);
    }
    return panel;
}

INLINE int64_t count_panels(const Entry& entry, const Index& shape, bool diagonal) {
    int64_t count = 1;
    for (int dim = 0; dim < DIMS; dim++) {
        int64_t mine = (entry.shape[dim] + shape.of[dim] - 1) / shape.of[dim];
        count = diagonal ? std::max(count, mine) : count * mine;
    }
    return count;
}

// Computes the levels of a panel; if it is guarded, returns whether the guard surely lets it pass.
template <class Plan> bool run_levels(const Panel<Plan>& panel, const Entry& entry, int threads, bool guarded) {
    double reach = Plan::FURTHEST_CONSTANT;
    Plan::each_level([&](auto level) {
        typedef decltype(level) Level;
        int64_t vectors = panel.template vectors<Level>();
        // A thread is woken for what takes longer than that
        int helpers = vectors * Level::ROWS > FEW_VECTORS ? threads : 1;
        std::vector<Glance> seen(helpers);
        share(helpers, vectors, [&](int64_t n, int thread) {
            const Real* at = panel.template run<Level>(entry, n);
            if (guarded) seen[thread].template look<Level>(at);
        });
        for (int thread = 1; thread < helpers; thread++) seen[0].join(seen[thread]);
        if constexpr (Level::WATCHED > 0) reach += seen[0].reach(Level::MOST_FACTORS, Level::MOST_POWERS);
    });
    return !guarded || reach <= Plan::REACH;
}

// Computes an entry, and returns its outcome.
template <class Plan> int64_t run_entry(const Entry& entry, Scratch& scratch, int threads, bool guarded) {
    Index shape = panel_shape<Plan>(entry);
    int64_t panels = count_panels(entry, shape, false);
    if (guarded && panels > 1) return UNSURE;
    if (!scratch.fits(numbers_of<Plan>(shape))) return TOO_LARGE;
    for (int64_t n = 0; n < panels; n++) {
        Panel<Plan> panel = nth_panel<Plan>(entry, shape, n, false);
        panel.lay_out(scratch.memory);
        if (!run_levels(panel, entry, threads, guarded)) return UNSURE;
        Tiling<Plan> tiling(panel.shape);
        share(threads, tiling.tiles(), [&](int64_t tile, int) { run_tile(panel, tiling, entry, tile); });
    }
    return DONE;
}

// Looks at all of an entry, and returns whether that could be done.
template <class Plan> int64_t look(const Entry& entry, Scratch& scratch) {
    Real(*extremes)[3] = (Real(*)[3])entry.out;
    for (int row = 0; row < Plan::WATCHED; row++) {
        extremes[row][0] = extremes[row][2] = UNBOUNDED;
        extremes[row][1] = -UNBOUNDED;
    }
    Index shape = panel_shape<Plan>(entry);
    int64_t panels = count_panels(entry, shape, Plan::SIMPLE);
    if (panels > MOST_PANELS || !scratch.fits(numbers_of<Plan>(shape))) return UNSURE;
    for (int64_t n = 0; n < panels; n++) {
        Panel<Plan> panel = nth_panel<Plan>(entry, shape, n, Plan::SIMPLE);
        panel.lay_out(scratch.memory);
        Real(*mine)[3] = extremes;
        Plan::each_level([&](auto level) {
            typedef decltype(level) Level;
            for (int64_t vector = 0; vector < panel.template vectors<Level>(); vector++)
                look_closely<Level>(panel.template run<Level>(entry, vector), mine);
            mine += Level::WATCHED;
        });
    }
    return DONE;
}

int64_t run(const Entry& entry, Scratch& scratch, int threads) {
    if (entry.mode == LOOK) return look<SeparatedPlan>(entry, scratch);
    if (entry.mode == PLAIN) return run_entry<PlainPlan>(entry, scratch, threads, false);
    return run_entry<SeparatedPlan>(entry, scratch, threads, entry.mode == GUARDED);
}

INLINE int64_t points_of(const Entry& entry) {
    int64_t points = 1;
    for (int dim = 0; dim < DIMS; dim++) points *= entry.shape[dim];
    return points;
}

// Small entries are computed each in one thread, others each in all of them.
extern "C" __attribute__((visibility("default"))) void compute(Entry* entries, int64_t count, int threads) {
    Scratch scratch;
    std::vector<Entry*> small;
    int64_t points_of_small = 0;
    for (Entry* entry = entries; entry < entries + count; entry++) {
        int64_t points = points_of(*entry);
        entry->outcome = DONE;
        if (points > FOR_ONE_THREAD && entry->mode != LOOK) {
            entry->outcome = run(*entry, scratch, threads);
        } else if (points) {
            small.push_back(entry);
            points_of_small += points;
        }
    }
    int helpers = small.size() > 1 && points_of_small > FOR_ONE_THREAD ? threads : 1;
    std::vector<Scratch> own(helpers);
    share(helpers, small.size(), [&](int64_t n, int thread) { small[n]->outcome = run(*small[n], own[thread], 1); });
}
