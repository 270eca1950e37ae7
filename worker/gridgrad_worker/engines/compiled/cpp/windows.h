// Windows: the grid's own operations, over a part of a panel at a time that stays in a cache.

#pragma once

#include <cstdlib>

#include "panel.h"

constexpr int64_t WINDOW_POINTS = 1 << 13;
constexpr int64_t WINDOW_NUMBERS = 1 << 16;  // of a level, so that they stay in a cache
constexpr int64_t PAST_CACHES = 1 << 23;     // bytes of results from which on they are written past the caches
constexpr int64_t STAGING_BYTES = 1 << 15;   // so that they stay in a cache, too

// How a vector is written: all of it, all of it past the caches, or its first points only.
enum class StoreMode { WHOLE, PAST, SOME };

// Where results go.
struct Destination {
    Real* first;
    int64_t pitch;  // numbers from plane to plane
    int64_t count;  // of points
};

// Writes the points of a vector.
template <StoreMode MODE> struct Writer : Destination {
    INLINE_MEMBER void put(int plane, Vector x) const {
        Real* there = first + plane * pitch;
        if constexpr (MODE == StoreMode::WHOLE) store_unaligned(there, x);
        else if constexpr (MODE == StoreMode::PAST) store_past(there, x);
        else store_some(there, x, int(std::min<int64_t>(LANES, count)));
    }

    // Writes the points of all planes, which f(to, pitch) computes as whole vectors.
    template <int PLANES, class F> INLINE_MEMBER void write(F f) const {
        if constexpr (MODE == StoreMode::WHOLE) return f(first, pitch);
        alignas(BYTES) Real numbers[PLANES * LANES];
        f(numbers, LANES);
        for (int plane = 0; plane < PLANES; plane++) put(plane, load(numbers + plane * LANES));
    }
};

// Where some rows and columns of vectors begin, and what is needed there.
template <int LEVELS> struct Corner {
    const Real* below[LEVELS + 1];  // for each level, its numbers at the first point
    int64_t down[LEVELS + 1];       // from a row to the next
    int64_t along[LEVELS + 1];      // from a vector to the next
    Position position;
    Destination to;
    int height;     // how many rows are wanted
    int64_t width;  // points of a row of the results

    // Calls f for each vector.
    template <int WIDTH, StoreMode MODE, class F> INLINE_MEMBER void each(F f) const {
#pragma GCC unroll 1
        for (int row = 0; row < height; row++)
#pragma GCC unroll 1
            for (int column = 0; column < WIDTH; column++) {
                const Real* at[LEVELS + 1];
                for (int level = 0; level < LEVELS; level++)
                    at[level] = below[level] + row * down[level] + column * along[level];
                Position here = position;
                if (DIMS > 1) here.at.of[DIMS > 1 ? DIMS - 2 : 0] += row;
                here.at.of[DIMS - 1] += column * LANES;
                here.left -= column * LANES;
                Real* first = to.first + row * width + column * LANES;
                f(at, here, Writer<MODE>{{first, to.pitch, to.count - column * LANES}}, row, column);
            }
    }

    // Goes on along the rows.
    INLINE_MEMBER void advance(int vectors) {
        for (int level = 0; level < LEVELS; level++) below[level] += along[level] * vectors;
        position.at.of[DIMS - 1] += vectors * LANES;
        position.left -= vectors * LANES;
        to.first += vectors * LANES;
        to.count -= vectors * LANES;
    }
};

// How a panel is cut into windows: how many rows and columns each has.
template <class Plan> struct Windowing {
    int64_t rows, columns, high, wide, leading;

    Windowing(const Index& shape, const Input* inputs) {
        columns = shape.of[DIMS - 1];
        rows = DIMS > 1 ? shape.of[DIMS > 1 ? DIMS - 2 : 0] : 1;
        leading = 1;
        for (int dim = 0; dim < DIMS - 2; dim++) leading *= shape.of[dim];
        int64_t most = std::max<int64_t>(8, WINDOW_NUMBERS / Plan::widest(inputs) / LANES) * LANES;
        wide = columns <= most + most / 2 ? columns : most;
        if (DIMS == 1) wide = std::min(wide, WINDOW_POINTS);
        high = std::max<int64_t>(1, WINDOW_POINTS / std::max<int64_t>(1, wide) / Plan::Grid::HEIGHT) * Plan::Grid::HEIGHT;
    }

    int64_t across() const { return (columns + wide - 1) / wide; }
    int64_t down() const { return (rows + high - 1) / high; }
    int64_t count() const { return leading * across() * down(); }
};

// The last points of some rows.
template <class Plan> void run_last(Corner<Plan::LEVELS>& corner, int64_t points) {
    for (; points > 0; points -= LANES, corner.advance(1)) Plan::Grid::template run<1, StoreMode::SOME>(corner);
}

// Computes so many points of some rows, and goes on to what follows them.
template <class Plan, StoreMode MODE> void run_along(Corner<Plan::LEVELS>& corner, int64_t points) {
    constexpr int WIDTH = Plan::Grid::WIDTH;
    for (; points >= WIDTH * LANES; points -= WIDTH * LANES, corner.advance(WIDTH))
        Plan::Grid::template run<WIDTH, MODE>(corner);
    if (points) run_last<Plan>(corner, points);
}

// The same for a row, into the caches. Where there are few operations the corner stays in registers, since it would be read
// from memory and written back for each vector; where there are many, these need the registers.
template <class Plan> INLINE void run_row(Corner<Plan::LEVELS>& corner, int64_t points) {
    if constexpr (Plan::Grid::LIGHT && Plan::Grid::HEIGHT == 1) {
        for (; points >= LANES; points -= LANES, corner.advance(1)) Plan::Grid::template run<1, StoreMode::WHOLE>(corner);
        if (points) Plan::Grid::template run<1, StoreMode::SOME>(corner);
    } else {
        run_along<Plan, StoreMode::WHOLE>(corner, points);
    }
}

// Memory in a cache for the results of some rows, from which they are written past the caches in whole lines.
template <class Plan> struct StagingBuffer {
    static constexpr int64_t HEIGHT = Plan::Grid::HEIGHT, ROWS = Plan::PLANES * HEIGHT;
    static constexpr int64_t WIDTH = std::clamp<int64_t>(STAGING_BYTES / (ROWS * BYTES) & ~1, 2, 128) * LANES;
    static constexpr bool WORTHWHILE = ROWS * WIDTH * sizeof(Real) <= STAGING_BYTES && WIDTH >= 8 * LANES;
    alignas(BYTES) Real numbers[WORTHWHILE ? ROWS * WIDTH + LANES : 1];

    void run(Corner<Plan::LEVELS> corner) {
        Destination to = corner.to;
        int64_t width = corner.width;
        corner.width = WIDTH;
        while (corner.position.left > 0) {
            int64_t points = std::min(WIDTH, corner.position.left);
            corner.to = Destination{numbers, HEIGHT * WIDTH, points};
            run_along<Plan, StoreMode::WHOLE>(corner, points);
            for (int64_t plane = 0; plane < Plan::PLANES; plane++)
                for (int64_t row = 0; row < corner.height; row++)
                    copy_past(to.first + plane * to.pitch + row * width, numbers + (plane * HEIGHT + row) * WIDTH, points);
            to.first += points;
        }
    }
};

// Computes the n-th window of a panel.
template <class Plan> void run_window(const Panel<Plan>& panel, const Windowing<Plan>& windows, const Tile& tile, int64_t n) {
    constexpr int HEIGHT = Plan::Grid::HEIGHT, LAST = DIMS - 1, ROW = DIMS > 1 ? DIMS - 2 : 0;
    Index at{};
    int64_t first_row = n % windows.down() * windows.high, first_column = n / windows.down() % windows.across() * windows.wide;
    int64_t rest = n / windows.down() / windows.across();
    for (int dim = DIMS - 3; dim >= 0; dim--) {
        at.of[dim] = rest % panel.shape.of[dim];
        rest /= panel.shape.of[dim];
    }
    int64_t last_row = std::min(first_row + windows.high, windows.rows);
    int64_t last_column = std::min(first_column + windows.wide, windows.columns);
    int64_t pitch = tile.pitch / int64_t(sizeof(Real));
    bool large = tile.pitch * Plan::PLANES >= PAST_CACHES;
    bool in_line = !((int64_t)tile.out % BYTES | tile.pitch % BYTES | tile.shape[LAST] * sizeof(Real) % BYTES);
    StagingBuffer<Plan> staging;
    for (int64_t row = first_row; row < last_row; row += HEIGHT) {
        if (DIMS > 1) at.of[ROW] = row;
        at.of[LAST] = first_column;
        Index in_grid = at;
        int64_t offset = 0;
        for (int dim = 0; dim < DIMS; dim++) {
            in_grid.of[dim] += panel.first.of[dim];
            offset = offset * tile.shape[dim] + in_grid.of[dim] - tile.first[dim];
        }
        int64_t left = last_column - first_column;
        Corner<Plan::LEVELS> corner{};
        corner.position = Position{tile.inputs, in_grid, left};
        corner.to = Destination{(Real*)tile.out + offset, pitch, left};
        corner.height = int(std::min<int64_t>(HEIGHT, last_row - row));
        corner.width = tile.shape[LAST];
        Plan::each_level([&](auto level) {
            typedef decltype(level) Level;
            corner.below[Level::NUMBER] = panel.template numbers_at<Level>(at);
            if (DIMS > 1 && Level::MASK >> ROW & 1)
                corner.down[Level::NUMBER] = Level::LAST == ROW ? 1 : panel.step[Level::NUMBER][ROW];
            if (Level::MASK >> LAST & 1) corner.along[Level::NUMBER] = Level::rows(tile.inputs) * LANES;
        });
        if (large && in_line && (Plan::Grid::LIGHT || !staging.WORTHWHILE)) run_along<Plan, StoreMode::PAST>(corner, left);
        else if (large && staging.WORTHWHILE) staging.run(corner);
        else run_row<Plan>(corner, left);
    }
    if (large) finish_stores();
}
