// Panels: what a plan keeps of its levels below the grid, and how these are computed.
//
// A plan is a class that the generated code defines:
//   LEVELS                        how many levels there are below the grid
//   Level<n>::MASK, LAST          the dims of level n, and its last dim, along which vectors lie
//   Level<n>::rows(inputs)        how many numbers of each of its points are kept: more where arrays are longer
//   Level<n>::run(at, to, position)  computes a vector's worth of points and writes as many vectors as it has rows
//   Level<n>::FACTORS, DIVISORS, POWERS   the rows that the guard looks at, in this order, from the first on: WATCHED
//   widest(inputs)                the most rows of a level
//   Grid::HEIGHT                  how many rows of points are computed together
//   Grid::LIGHT                   whether stores past the caches can follow each other at once: where many operations lie
//                                 between them, these are held up by stores that wait
//   Grid::run<width, mode>(...)    computes so many rows of width vectors, and writes them that way
//
// The numbers of a level lie in blocks of LANES points along its last dim, [leading points][blocks][rows][LANES],
// so that what a point needs is at constant distances from one address. Blocks are whole: beyond the end of a
// dim its last values are there again. So every number is computed by the same instructions wherever it stands.

#pragma once

#include "tile.h"

constexpr int64_t MOST_NUMBERS = 1 << 22;  // kept for a panel
constexpr int64_t LEAST_PANEL = 64;        // points along a dim, below which panels are only cut for the next limit:
constexpr int64_t BOUND_NUMBERS = 1 << 24;
constexpr int64_t MOST_PANELS = 64;        // of a request that is measured

INLINE int64_t blocks_of(int64_t length) { return (length + LANES - 1) / LANES; }

// Products and sums of sizes; what int64_t can't hold is the largest that it can.
INLINE int64_t times(int64_t x, int64_t y) {
    int64_t product;
    return __builtin_mul_overflow(x, y, &product) ? INT64_MAX : product;
}
INLINE int64_t plus(int64_t x, int64_t y) {
    int64_t sum;
    return __builtin_add_overflow(x, y, &sum) ? INT64_MAX : sum;
}

// A part of the grid whose levels fit into memory.
template <class Plan> struct Panel {
    Index first, shape;
    Real* base[Plan::LEVELS + 1];
    int64_t step[Plan::LEVELS + 1][DIMS];  // from one index of a dim to the next; of the last dim, from block to block
    const Input* inputs;

    // Lays the levels out in memory for `numbers_of` its shape.
    void lay_out(Real* memory) {
        int64_t size = 0;
        Plan::each_level([&](auto level) {
            typedef decltype(level) Level;
            int64_t step_ = Level::rows(inputs) * LANES;
            for (int dim = DIMS - 1; dim >= 0; dim--) {
                step[Level::NUMBER][dim] = Level::MASK >> dim & 1 ? step_ : 0;
                if (Level::MASK >> dim & 1) step_ *= dim == Level::LAST ? blocks_of(shape.of[dim]) : shape.of[dim];
            }
            base[Level::NUMBER] = memory + size;
            size += step_;
        });
    }

    // The numbers of a level at an index within the panel.
    template <class Level> INLINE_MEMBER Real* numbers_at(const Index& at) const {
        Real* found = base[Level::NUMBER];
        for (int dim = 0; dim < DIMS; dim++) {
            if (!(Level::MASK >> dim & 1)) continue;
            if (dim == Level::LAST)
                found += at.of[dim] / LANES * step[Level::NUMBER][dim] + at.of[dim] % LANES;
            else
                found += at.of[dim] * step[Level::NUMBER][dim];
        }
        return found;
    }

    template <class Level> int64_t vectors() const {
        int64_t count = 1;
        for (int dim = 0; dim < DIMS; dim++)
            if (Level::MASK >> dim & 1) count *= dim == Level::LAST ? blocks_of(shape.of[dim]) : shape.of[dim];
        return count;
    }

    // Computes the n-th vector of a level, and returns where it is.
    template <class Level> Real* run(const Tile& tile, int64_t n) const {
        Index at{}, in_grid{};
        int64_t left = 1;
        for (int dim = DIMS - 1; dim >= 0; dim--) {
            if (!(Level::MASK >> dim & 1)) continue;
            int64_t count = dim == Level::LAST ? blocks_of(shape.of[dim]) : shape.of[dim];
            at.of[dim] = n % count * (dim == Level::LAST ? LANES : 1);
            n /= count;
            in_grid.of[dim] = first.of[dim] + at.of[dim];
            if (dim == Level::LAST) left = shape.of[dim] - at.of[dim];
        }
        const Real* below[Plan::LEVELS + 1];
        Plan::each_level([&](auto lower) {
            if constexpr (decltype(lower)::NUMBER < Level::NUMBER)
                below[decltype(lower)::NUMBER] = numbers_at<decltype(lower)>(at);
        });
        Real* to = numbers_at<Level>(at);
        Level::run(below, to, Position{tile.inputs, in_grid, left});
        return to;
    }
};

// How many numbers the levels of a panel of this shape have.
template <class Plan> int64_t numbers_of(const Index& shape, const Input* inputs) {
    int64_t size = 0;
    Plan::each_level([&](auto level) {
        typedef decltype(level) Level;
        int64_t numbers = Level::rows(inputs) * LANES;
        for (int dim = 0; dim < DIMS; dim++)
            if (Level::MASK >> dim & 1) numbers = times(numbers, dim == Level::LAST ? blocks_of(shape.of[dim]) : shape.of[dim]);
        size = plus(size, numbers);
    });
    return size;
}

// The shape of the panels of a tile: the longest dims are halved until their levels fit.
template <class Plan> Index panel_shape(const Tile& tile) {
    Index shape;
    for (int dim = 0; dim < DIMS; dim++) shape.of[dim] = tile.shape[dim];
    for (int64_t numbers; (numbers = numbers_of<Plan>(shape, tile.inputs)) > MOST_NUMBERS;) {
        int longest = 0;
        for (int dim = 1; dim < DIMS; dim++)
            if (shape.of[dim] >= shape.of[longest]) longest = dim;
        int64_t length = shape.of[longest];
        if (length == 1 || (length <= LEAST_PANEL && numbers <= BOUND_NUMBERS)) break;
        shape.of[longest] = length > 2 * LANES ? blocks_of(length / 2) * LANES : (length + 1) / 2;
    }
    return shape;
}

// The n-th panel of a tile.
template <class Plan> Panel<Plan> nth_panel(const Tile& tile, const Index& shape, int64_t n, bool diagonal) {
    Panel<Plan> panel;
    panel.inputs = tile.inputs;
    for (int dim = DIMS - 1; dim >= 0; dim--) {
        int64_t count = (tile.shape[dim] + shape.of[dim] - 1) / shape.of[dim];
        int64_t mine = diagonal ? std::min(n, count - 1) : n % count;
        if (!diagonal) n /= count;
        panel.first.of[dim] = tile.first[dim] + mine * shape.of[dim];
        panel.shape.of[dim] = std::min(shape.of[dim], tile.shape[dim] - mine * shape.of[dim]);
    }
    return panel;
}

INLINE int64_t count_panels(const Tile& tile, const Index& shape, bool diagonal) {
    int64_t count = 1;
    for (int dim = 0; dim < DIMS; dim++) {
        int64_t mine = (tile.shape[dim] + shape.of[dim] - 1) / shape.of[dim];
        count = diagonal ? std::max(count, mine) : times(count, mine);
    }
    return count;
}
