// Computes entries: small ones each in a thread of its own, large ones in all threads together.

#pragma once

#include <vector>

#include "runtime.h"
#include "work.h"

constexpr int64_t GRAIN = 1 << 8;  // numbers of a level that a thread computes at a time, in vectors

// What is needed to compute an entry after another: memory that grows and is given back in the end, and what each of
// the threads has seen of a level.
struct Scratch {
    Real* memory = nullptr;
    int64_t numbers = 0;
    std::vector<Glance> seen;

    explicit Scratch(int threads) : seen(threads) {}
    Scratch(const Scratch&) = delete;

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

// A panel that threads compute together.
template <class Plan> struct Task {
    const Entry& entry;
    const Panel<Plan> panel;
    const bool guarded;
    std::vector<Glance>& seen;
    double reach = Plan::FURTHEST_CONSTANT;
    Work levels[Plan::LEVELS + 1], tiles;

    // Whether the guard surely lets it pass, if there is one.
    bool passes() const { return !guarded || reach <= Plan::REACH; }

    // Computes the levels, and if it passes the grid; what one of the threads does.
    void run(int thread) {
        Plan::each_level([&](auto level) { run_level<decltype(level)>(thread); });
        if (!passes()) return;
        Tiling<Plan> tiling(panel.shape);
        tiles.share(tiling.tiles(), 1, [&](int64_t tile) { run_tile(panel, tiling, entry, tile); });
    }

    template <class Level> void run_level(int thread) {
        auto compute = [&](int64_t n) {
            const Real* at = panel.template run<Level>(entry, n);
            if (guarded) seen[thread].template look<Level>(at);
        };
        levels[Level::NUMBER].share(panel.template vectors<Level>(), 1 + GRAIN / std::max(1, Level::ROWS), compute, [&] {
            if (guarded && Level::WATCHED > 0) reach += seen_by_all().reach(Level::MOST_FACTORS, Level::MOST_POWERS);
        });
    }

    Glance seen_by_all() {
        Glance all;
        for (Glance& each : seen) {
            all.join(each);
            each = Glance{};
        }
        return all;
    }
};

// Computes an entry, and returns its outcome.
template <class Plan> int64_t run_entry(const Entry& entry, Scratch& scratch, int threads, bool guarded) {
    Index shape = panel_shape<Plan>(entry);
    int64_t panels = count_panels(entry, shape, false);
    if (guarded && panels > 1) return UNSURE;
    if (!scratch.fits(numbers_of<Plan>(shape))) return TOO_LARGE;
    for (int64_t n = 0; n < panels; n++) {
        Panel<Plan> panel = nth_panel<Plan>(entry, shape, n, false);
        panel.lay_out(scratch.memory);
        Task<Plan> task{entry, panel, guarded, scratch.seen};
        together(threads, [&](int thread) { task.run(thread); });
        if (!task.passes()) return UNSURE;
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
EXPORTED void compute(Entry* entries, int64_t count, int threads) {
    Scratch scratch(threads);
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
    if (small.empty()) return;
    Work work;
    together(points_of_small > FOR_ONE_THREAD ? threads : 1, [&](int) {
        Scratch own(1);
        work.share(small.size(), 1, [&](int64_t n) { small[n]->outcome = run(*small[n], own, 1); });
    });
}
