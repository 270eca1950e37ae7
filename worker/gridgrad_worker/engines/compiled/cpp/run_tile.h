// Computes a tile by a plan, and asks the guard.

#pragma once

#include <memory>
#include <vector>

#include "close_look.h"
#include "guard.h"
#include "threads.h"
#include "windows.h"

constexpr int64_t GRAIN = 1 << 8;  // numbers of a level that a thread computes at a time, in vectors

// What is needed to compute a tile after another: memory that grows and is given back in the end, and what each of
// the threads has measured of a level.
struct Scratch {
    Real* memory = nullptr;
    int64_t numbers = 0;
    std::vector<LevelRange> ranges;

    explicit Scratch(int threads) : ranges(threads) {}
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

// Whether the guard may stop a plan: one that computes as it was written is never asked.
template <class Plan> constexpr bool GUARDABLE = !std::is_same_v<Plan, PlainPlan>;

// A panel that threads compute together.
template <class Plan> struct PanelRun {
    const Tile& tile;
    const Panel<Plan> panel;
    const bool guarded;
    std::vector<LevelRange>& ranges;
    double reach = Plan::FURTHEST_CONSTANT;
    bool held = true;  // by the guard
    SharedWork levels[Plan::LEVELS + 1], look, all_windows;

    // Computes the levels, and if the guard lets it pass the grid; what one of the threads does.
    void run(int thread) {
        Plan::each_level([&](auto level) { run_level<decltype(level)>(thread); });
        if constexpr (GUARDABLE<Plan>)
            if (guarded && !(reach <= Plan::REACH)) {
                look.share(1, 1, [&](int64_t) { look_closely(); });
                if (!held) return;
            }
        Windowing<Plan> windows(panel.shape, tile.inputs);
        all_windows.share(windows.count(), 1, [&](int64_t window) { run_window(panel, windows, tile, window); });
    }

    template <class Level> void run_level(int thread) {
        auto compute = [&](int64_t n) {
            const Real* at = panel.template run<Level>(tile, n);
            if constexpr (GUARDABLE<Plan>)
                if (guarded) ranges[thread].template include<Level>(at);
        };
        levels[Level::NUMBER].share(panel.template vectors<Level>(), 1 + GRAIN / std::max<int64_t>(1, Level::rows(tile.inputs)), compute, [&] {
            if constexpr (GUARDABLE<Plan> && Level::WATCHED > 0)
                if (guarded) reach += range_of_all().reach(Level::MOST_FACTORS, Level::MOST_POWERS);
        });
    }

    LevelRange range_of_all() {
        LevelRange all;
        for (LevelRange& each : ranges) {
            all.join(each);
            each = LevelRange{};
        }
        return all;
    }

    void look_closely() {
        auto seen = std::make_unique<CloseLook<Plan>>();
        seen->include(panel);
        held = seen->holds();
    }
};

// How to compute a whole request, by a close look at all of it.
template <class Plan> int64_t decide(const Tile& tile, Scratch& scratch) {
    Index shape = panel_shape<Plan>(tile);
    int64_t panels = count_panels(tile, shape, Plan::SIMPLE);
    if (panels > MOST_PANELS || !scratch.fits(numbers_of<Plan>(shape, tile.inputs))) return PLAIN;
    auto seen = std::make_unique<CloseLook<Plan>>();
    for (int64_t n = 0; n < panels; n++) {
        Panel<Plan> panel = nth_panel<Plan>(tile, shape, n, Plan::SIMPLE);
        panel.lay_out(scratch.memory);
        Plan::each_level([&](auto level) {
            typedef decltype(level) Level;
            for (int64_t vector = 0; vector < panel.template vectors<Level>(); vector++) panel.template run<Level>(tile, vector);
        });
        seen->include(panel);
    }
    return seen->holds() ? SEPARATED : PLAIN;
}

// Computes a tile, and returns its outcome.
template <class Plan> int64_t run_tile(const Tile& tile, Scratch& scratch, int threads, bool guarded) {
    Index shape = panel_shape<Plan>(tile);
    int64_t panels = count_panels(tile, shape, false);
    if constexpr (GUARDABLE<Plan>)
        if (guarded && panels > 1) {
            if (decide<Plan>(tile, scratch) == PLAIN) return STOPPED;
            guarded = false;
        }
    if (!scratch.fits(numbers_of<Plan>(shape, tile.inputs))) return TOO_LARGE;
    for (int64_t n = 0; n < panels; n++) {
        Panel<Plan> panel = nth_panel<Plan>(tile, shape, n, false);
        panel.lay_out(scratch.memory);
        PanelRun<Plan> panel_run{tile, panel, guarded, scratch.ranges};
        in_threads(threads, [&](int thread) { panel_run.run(thread); });
        if (!panel_run.held) return STOPPED;
    }
    return DONE;
}
