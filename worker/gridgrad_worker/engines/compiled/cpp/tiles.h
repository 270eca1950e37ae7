// Computes tiles: small ones each in a thread of its own, large ones in all threads together.

#pragma once

#include "run_tile.h"

constexpr int64_t FOR_ONE_THREAD = 1 << 13;  // points up to which waking another takes longer than they do

int64_t run(const Tile& tile, Scratch& scratch, int threads) {
    if constexpr (GUARDABLE<SeparatedPlan>) {
        if (tile.mode == DECIDE) return decide<SeparatedPlan>(tile, scratch);
        if (tile.mode != PLAIN) {
            int64_t outcome = run_tile<SeparatedPlan>(tile, scratch, threads, tile.mode == GUARDED);
            if (outcome != STOPPED) return outcome;
        }
    }
    return run_tile<PlainPlan>(tile, scratch, threads, false);
}

INLINE int64_t points_of(const Tile& tile) {
    int64_t points = 1;
    for (int dim = 0; dim < DIMS; dim++) points = times(points, tile.shape[dim]);
    return points;
}

// Small tiles are computed each in one thread, others each in all of them.
EXPORTED void compute(Tile* tiles, int64_t count, int threads) {
    Scratch scratch(threads);
    std::vector<Tile*> small;
    int64_t points_of_small = 0;
    for (Tile* tile = tiles; tile < tiles + count; tile++) {
        int64_t points = points_of(*tile);
        tile->outcome = DONE;
        if (points > FOR_ONE_THREAD && tile->mode != DECIDE) {
            tile->outcome = run(*tile, scratch, threads);
        } else if (points) {
            small.push_back(tile);
            points_of_small = plus(points_of_small, points);
        }
    }
    if (small.empty()) return;
    SharedWork work;
    in_threads(points_of_small > FOR_ONE_THREAD ? threads : 1, [&](int) {
        Scratch own(1);
        work.share(small.size(), 1, [&](int64_t n) { small[n]->outcome = run(*small[n], own, 1); });
    });
}
