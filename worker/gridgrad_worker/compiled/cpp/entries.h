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

// Calls f(n) for all n, shared among the threads of a team if this is called by one, and waits for all.
template <class F> INLINE void share(bool team, int64_t count, F f) {
    if (!team) {
        for (int64_t n = 0; n < count; n++) f(n);
        return;
    }
#pragma omp for schedule(dynamic)
    for (int64_t n = 0; n < count; n++) f(n);
}

// The shape of the panels of a box.
template <class Plan> Index panel_shape(const Entry& entry) {
    Panel<Plan> panel;
    for (int dim = 0; dim < DIMS; dim++) panel.shape.of[dim] = entry.shape[dim];
    while (panel.lay_out(nullptr) > MOST_NUMBERS) {
        int longest = 0;
        for (int dim = 1; dim < DIMS; dim++)
            if (panel.shape.of[dim] >= panel.shape.of[longest]) longest = dim;
        if (panel.shape.of[longest] <= LEAST_PANEL) break;
        panel.shape.of[longest] = blocks_of(panel.shape.of[longest] / 2) * LANES;
    }
    return panel.shape;
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

template <class Plan> void run_levels(const Panel<Plan>& panel, const Entry& entry, bool team, Glances<Plan>* seen) {
    Plan::each_level([&](auto level) {
        typedef decltype(level) Level;
        share(team, panel.template vectors<Level>(), [&](int64_t n) {
            const Real* at = panel.template run<Level>(entry, n);
            if (seen) seen->of[Level::NUMBER].template look<Level>(at);
        });
    });
}

// Computes an entry by a plan, and returns its outcome; of a team, each thread calls this.
template <class Plan>
int64_t run_entry(const Entry& entry, const Scratch& scratch, bool team, std::vector<Glances<Plan>>* glances) {
    Index shape = panel_shape<Plan>(entry);
    int64_t panels = count_panels(entry, shape, false);
    bool guarded = glances;
    if (guarded && panels > 1) return UNSURE;
    for (int64_t n = 0; n < panels; n++) {
        Panel<Plan> panel = nth_panel<Plan>(entry, shape, n, false);
        panel.lay_out(scratch.memory);
        Glances<Plan> seen;
        run_levels(panel, entry, team, guarded ? &seen : nullptr);
        if (guarded) {
            if (team) {
                (*glances)[omp_get_thread_num()] = seen;
#pragma omp barrier
                for (const Glances<Plan>& other : *glances) seen.join(other);
            }
            if (!seen.holds()) return UNSURE;
        }
        Tiling<Plan> tiling(panel.shape);
        share(team, tiling.tiles(), [&](int64_t tile) { run_tile(panel, tiling, entry, tile); });
    }
    return DONE;
}

template <class Plan> int64_t numbers_for(const Entry& entry) {
    Panel<Plan> panel;
    panel.shape = panel_shape<Plan>(entry);
    return panel.lay_out(nullptr);
}

template <class Plan> void run_alone(Entry& entry, Scratch& scratch, std::vector<Glances<Plan>>* guarded) {
    bool fits = scratch.fits(numbers_for<Plan>(entry));
    entry.outcome = fits ? run_entry<Plan>(entry, scratch, false, guarded) : TOO_LARGE;
}

template <class Plan> void run_together(Entry& entry, Scratch& scratch, int threads, bool guarded) {
    if (!scratch.fits(numbers_for<Plan>(entry))) {
        entry.outcome = TOO_LARGE;
        return;
    }
    std::vector<Glances<Plan>> glances(threads);
    int64_t outcome = DONE;
#pragma omp parallel num_threads(threads) reduction(max : outcome)
    outcome = run_entry<Plan>(entry, scratch, true, guarded ? &glances : nullptr);
    entry.outcome = outcome;
}

// Looks at all of an entry.
template <class Plan> void look(Entry& entry, Scratch& scratch) {
    Real(*extremes)[3] = (Real(*)[3])entry.out;
    for (int row = 0; row < Plan::WATCHED; row++) {
        extremes[row][0] = extremes[row][2] = UNBOUNDED;
        extremes[row][1] = -UNBOUNDED;
    }
    Index shape = panel_shape<Plan>(entry);
    int64_t panels = count_panels(entry, shape, Plan::SIMPLE);
    if (panels > MOST_PANELS || !scratch.fits(numbers_for<Plan>(entry))) {
        entry.outcome = UNSURE;
        return;
    }
    for (int64_t n = 0; n < panels; n++) {
        Panel<Plan> panel = nth_panel<Plan>(entry, shape, n, Plan::SIMPLE);
        panel.lay_out(scratch.memory);
        Real(*mine)[3] = extremes;
        Plan::each_level([&](auto level) {
            typedef decltype(level) Level;
            for (int64_t vector = 0; vector < panel.template vectors<Level>(); vector++)
                look_closely<Level>(panel.template run<Level>(entry, vector), mine);
            mine += Level::FACTORS + Level::DIVISORS + Level::POWERS;
        });
    }
    entry.outcome = DONE;
}

template <class F> void with_plan(const Entry& entry, F f) {
    if (entry.mode == PLAIN) f(PlainPlan{}, false);
    else f(SeparatedPlan{}, entry.mode == GUARDED);
}

INLINE int64_t points_of(const Entry& entry) {
    int64_t points = 1;
    for (int dim = 0; dim < DIMS; dim++) points *= entry.shape[dim];
    return points;
}

void run_small(Entry& entry, Scratch& scratch) {
    if (entry.mode == LOOK) return look<SeparatedPlan>(entry, scratch);
    with_plan(entry, [&](auto plan, bool guarded) {
        std::vector<Glances<decltype(plan)>> none;
        run_alone<decltype(plan)>(entry, scratch, guarded ? &none : nullptr);
    });
}

extern "C" __attribute__((visibility("default"))) void compute(Entry* entries, int64_t count, int threads) {
    Scratch shared;
    std::vector<int64_t> small;
    int64_t points_of_small = 0;
    for (int64_t n = 0; n < count; n++) {
        int64_t points = points_of(entries[n]);
        entries[n].outcome = DONE;
        if (points == 0 && entries[n].mode != LOOK) continue;
        if (points <= FOR_ONE_THREAD || threads == 1 || entries[n].mode == LOOK) {
            small.push_back(n);
            points_of_small += points;
            continue;
        }
        with_plan(entries[n], [&](auto plan, bool guarded) {
            run_together<decltype(plan)>(entries[n], shared, threads, guarded);
        });
    }
    if (threads == 1 || small.size() < 2 || points_of_small <= FOR_ONE_THREAD) {
        for (int64_t n : small) run_small(entries[n], shared);
        return;
    }
#pragma omp parallel num_threads(threads)
    {
        Scratch mine;
#pragma omp for schedule(dynamic)
        for (size_t n = 0; n < small.size(); n++) run_small(entries[small[n]], mine);
    }
}
