// Runs the levels of a plan over entries, and the grid.
//
// A plan is a class that the generated code defines:
//   LEVELS                        how many levels there are below the grid
//   Level<n>::MASK, ROWS, LAST    the dims of level n, how many numbers of each of its points are kept, and
//                                 its last dim, along which vectors lie
//   Level<n>::run(at, to, where)  computes a vector's worth of points and writes ROWS vectors
//   Level<n>::FACTORS, DIVISORS, POWERS   the rows that the guard looks at, in this order, from the first on: WATCHED
//   Grid::HEIGHT                  how many rows of points are computed together
//   Grid::LIGHT                   whether stores past the caches can follow each other at once: where many operations lie
//                                 between them, these are held up by stores that wait
//   Grid::run<width, way>(...)    computes so many rows of width vectors, and writes them that way
//
// The numbers of a level lie in blocks of LANES points along its last dim, [leading points][blocks][ROWS][LANES],
// so that what a point needs is at constant distances from one address. Blocks are whole: beyond the end of a
// dim its last values are there again. So every number is computed by the same instructions wherever it stands.

#pragma once

#include <algorithm>
#include <cstdlib>

#include "guard.h"

struct Input {
    int64_t kind;  // see below
    const char* data;
    int64_t strides[DIMS];  // in bytes
    double start, stop;
    int64_t count;
};
constexpr int64_t VALUE = 0, SPACED = 1, DOUBLES = 2, FLOATS = 3;

struct Entry {
    Input inputs[INPUTS];
    int64_t first[DIMS], shape[DIMS];  // of the box
    char* out;                         // [planes][points], at this distance in bytes:
    int64_t pitch;
    int64_t mode, outcome;  // see below
};
constexpr int64_t GUARDED = 0, SEPARATED = 1, PLAIN = 2, LOOK = 3;
constexpr int64_t DONE = 0, UNSURE = 1, TOO_LARGE = 2;

struct Index {
    int64_t of[DIMS];
};

constexpr int64_t MOST_NUMBERS = 1 << 22;      // kept for a panel
constexpr int64_t LEAST_PANEL = 64;            // points along a dim
constexpr int64_t FOR_ONE_THREAD = 1 << 13;    // points up to which waking another takes longer than they do
constexpr int64_t TILE_POINTS = 1 << 13;
constexpr int64_t TILE_NUMBERS = 1 << 16;      // of a level, so that they stay in a cache
constexpr int64_t PAST_CACHES = 1 << 23;       // bytes of results from which on they are written past the caches
constexpr int64_t STAGE_BYTES = 1 << 15;       // so that they stay in a cache, too
constexpr int64_t MOST_PANELS = 64;

INLINE int64_t blocks_of(int64_t length) { return (length + LANES - 1) / LANES; }

// ---------------------------------------------------------------- inputs

// The bits of numpy.linspace.
INLINE Vector spaced(const Input& input, int64_t first, int64_t left) {
    double delta = input.stop - input.start, intervals = double(input.count - 1);
    double step = input.count > 1 ? delta / intervals : delta;
    Vector result;
    for (int lane = 0; lane < LANES; lane++) {
        int64_t n = first + std::min<int64_t>(lane, left - 1);
        double value = input.count > 1 && step == 0 ? double(n) / intervals * delta : double(n) * step;
        value += input.start;
        result[lane] = Real(input.count > 1 && n == input.count - 1 ? input.stop : value);
    }
    return result;
}

template <class T> INLINE Vector gathered(const char* from, int64_t stride, int64_t left) {
    Vector result;
    for (int lane = 0; lane < LANES; lane++) {
        T value;
        std::memcpy(&value, from + std::min<int64_t>(lane, left - 1) * stride, sizeof value);
        result[lane] = Real(value);
    }
    return result;
}

// Where a vector lies in the entry's grid, and how many of its lanes are in the box.
struct Where {
    const Input* inputs;
    Index at;
    int64_t left;

    template <int LAST> INLINE_MEMBER Vector read(int position) const {
        const Input& input = inputs[position];
        if (input.kind == VALUE) return broadcast(Real(input.start));
        if (input.kind == SPACED) return spaced(input, at.of[LAST], left);
        const char* from = input.data;
        for (int dim = 0; dim < DIMS; dim++) from += at.of[dim] * input.strides[dim];
        int64_t stride = input.strides[LAST];
        if (input.kind == (DOUBLE ? DOUBLES : FLOATS) && stride == sizeof(Real) && left >= LANES)
            return load_unaligned((const Real*)from);
        return input.kind == DOUBLES ? gathered<double>(from, stride, left) : gathered<float>(from, stride, left);
    }
};

// ---------------------------------------------------------------- panels and their levels

// A box of the grid whose levels fit into memory.
template <class Plan> struct Panel {
    Index first, shape;
    Real* base[Plan::LEVELS + 1];
    int64_t step[Plan::LEVELS + 1][DIMS];  // from one index of a dim to the next; of the last dim, from block to block

    // Lays the levels out, and returns how many numbers they have.
    int64_t lay_out(Real* memory) {
        int64_t size = 0;
        Plan::each_level([&](auto level) {
            typedef decltype(level) Level;
            int64_t step_ = Level::ROWS * LANES;
            for (int dim = DIMS - 1; dim >= 0; dim--) {
                step[Level::NUMBER][dim] = Level::MASK >> dim & 1 ? step_ : 0;
                if (Level::MASK >> dim & 1) step_ *= dim == Level::LAST ? blocks_of(shape.of[dim]) : shape.of[dim];
            }
            base[Level::NUMBER] = memory + size;
            size += step_;
        });
        return size;
    }

    // The numbers of a level at an index within the panel.
    template <class Level> INLINE_MEMBER Real* place(const Index& at) const {
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
    template <class Level> Real* run(const Entry& entry, int64_t n) const {
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
                below[decltype(lower)::NUMBER] = place<decltype(lower)>(at);
        });
        Real* to = place<Level>(at);
        Level::run(below, to, Where{entry.inputs, in_grid, left});
        return to;
    }
};

// ---------------------------------------------------------------- the grid

// How a vector is written: all of it, all of it past the caches, or its first points only.
enum class Way { WHOLE, PAST, SOME };

struct Place {
    Real* to;
    int64_t pitch;  // numbers from plane to plane
    int64_t count;  // of points
};

// Writes the points of a vector.
template <Way WAY> struct Writer : Place {
    INLINE_MEMBER void put(int plane, Vector x) const {
        Real* there = to + plane * pitch;
        if constexpr (WAY == Way::WHOLE) store_unaligned(there, x);
        else if constexpr (WAY == Way::PAST) store_past(there, x);
        else store_some(there, x, int(std::min<int64_t>(LANES, count)));
    }
};

// Where some rows and columns of vectors begin, and what is needed there.
template <int LEVELS> struct Corner {
    const Real* below[LEVELS + 1];  // for each level, its numbers at the first point
    int64_t down[LEVELS + 1];       // from a row to the next
    int64_t along[LEVELS + 1];      // from a vector to the next
    Where where;
    Place place;
    int height;     // how many rows are wanted
    int64_t width;  // points of a row of the results

    // Calls f for each vector.
    template <int WIDTH, Way WAY, class F> INLINE_MEMBER void each(F f) const {
#pragma GCC unroll 1
        for (int row = 0; row < height; row++)
#pragma GCC unroll 1
            for (int column = 0; column < WIDTH; column++) {
                const Real* at[LEVELS + 1];
                for (int level = 0; level < LEVELS; level++)
                    at[level] = below[level] + row * down[level] + column * along[level];
                Where here = where;
                if (DIMS > 1) here.at.of[DIMS > 1 ? DIMS - 2 : 0] += row;
                here.at.of[DIMS - 1] += column * LANES;
                here.left -= column * LANES;
                Real* to = place.to + row * width + column * LANES;
                f(at, here, Writer<WAY>{{to, place.pitch, place.count - column * LANES}}, row, column);
            }
    }

    // Goes on along the rows.
    INLINE_MEMBER void advance(int vectors) {
        for (int level = 0; level < LEVELS; level++) below[level] += along[level] * vectors;
        where.at.of[DIMS - 1] += vectors * LANES;
        where.left -= vectors * LANES;
        place.to += vectors * LANES;
        place.count -= vectors * LANES;
    }
};

// How many rows and columns a tile has.
template <class Plan> struct Tiling {
    int64_t rows, columns, high, wide, leading;

    Tiling(const Index& shape) {
        columns = shape.of[DIMS - 1];
        rows = DIMS > 1 ? shape.of[DIMS > 1 ? DIMS - 2 : 0] : 1;
        leading = 1;
        for (int dim = 0; dim < DIMS - 2; dim++) leading *= shape.of[dim];
        int64_t most = std::max<int64_t>(8, TILE_NUMBERS / std::max(1, Plan::WIDEST) / LANES) * LANES;
        wide = columns <= most + most / 2 ? columns : most;
        if (DIMS == 1) wide = std::min(wide, TILE_POINTS);
        high = std::max<int64_t>(1, TILE_POINTS / std::max<int64_t>(1, wide) / Plan::Grid::HEIGHT) * Plan::Grid::HEIGHT;
    }

    int64_t across() const { return (columns + wide - 1) / wide; }
    int64_t down() const { return (rows + high - 1) / high; }
    int64_t tiles() const { return leading * across() * down(); }
};

// The last points of some rows.
template <class Plan> void run_last(Corner<Plan::LEVELS>& corner, int64_t points) {
    for (; points > 0; points -= LANES, corner.advance(1)) Plan::Grid::template run<1, Way::SOME>(corner);
}

// Computes so many points of some rows, and goes on to what follows them.
template <class Plan, Way WAY> void run_along(Corner<Plan::LEVELS>& corner, int64_t points) {
    constexpr int WIDTH = Plan::Grid::WIDTH;
    for (; points >= WIDTH * LANES; points -= WIDTH * LANES, corner.advance(WIDTH))
        Plan::Grid::template run<WIDTH, WAY>(corner);
    if (points) run_last<Plan>(corner, points);
}

// Memory in a cache for the results of some rows, from which they are written past the caches in whole lines.
template <class Plan> struct Stage {
    static constexpr int64_t HEIGHT = Plan::Grid::HEIGHT, ROWS = Plan::PLANES * HEIGHT;
    static constexpr int64_t WIDTH = std::clamp<int64_t>(STAGE_BYTES / (ROWS * BYTES) & ~1, 2, 128) * LANES;
    static constexpr bool WORTHWHILE = ROWS * WIDTH * sizeof(Real) <= STAGE_BYTES && WIDTH >= 8 * LANES;
    alignas(BYTES) Real numbers[WORTHWHILE ? ROWS * WIDTH + LANES : 1];

    void run(Corner<Plan::LEVELS> corner) {
        Place place = corner.place;
        int64_t width = corner.width;
        corner.width = WIDTH;
        while (corner.where.left > 0) {
            int64_t points = std::min(WIDTH, corner.where.left);
            corner.place = Place{numbers, HEIGHT * WIDTH, points};
            run_along<Plan, Way::WHOLE>(corner, points);
            for (int64_t plane = 0; plane < Plan::PLANES; plane++)
                for (int64_t row = 0; row < corner.height; row++)
                    copy_past(place.to + plane * place.pitch + row * width, numbers + (plane * HEIGHT + row) * WIDTH, points);
            place.to += points;
        }
    }
};

// Computes the n-th tile of a panel.
template <class Plan> void run_tile(const Panel<Plan>& panel, const Tiling<Plan>& tiling, const Entry& entry, int64_t n) {
    constexpr int HEIGHT = Plan::Grid::HEIGHT, LAST = DIMS - 1, ROW = DIMS > 1 ? DIMS - 2 : 0;
    Index at{};
    int64_t first_row = n % tiling.down() * tiling.high, first_column = n / tiling.down() % tiling.across() * tiling.wide;
    int64_t rest = n / tiling.down() / tiling.across();
    for (int dim = DIMS - 3; dim >= 0; dim--) {
        at.of[dim] = rest % panel.shape.of[dim];
        rest /= panel.shape.of[dim];
    }
    int64_t last_row = std::min(first_row + tiling.high, tiling.rows);
    int64_t last_column = std::min(first_column + tiling.wide, tiling.columns);
    int64_t pitch = entry.pitch / int64_t(sizeof(Real));
    bool large = entry.pitch * Plan::PLANES >= PAST_CACHES;
    bool in_line = !((int64_t)entry.out % BYTES | entry.pitch % BYTES | entry.shape[LAST] * sizeof(Real) % BYTES);
    Stage<Plan> stage;
    for (int64_t row = first_row; row < last_row; row += HEIGHT) {
        if (DIMS > 1) at.of[ROW] = row;
        at.of[LAST] = first_column;
        Index in_grid = at;
        int64_t offset = 0;
        for (int dim = 0; dim < DIMS; dim++) {
            in_grid.of[dim] += panel.first.of[dim];
            offset = offset * entry.shape[dim] + in_grid.of[dim] - entry.first[dim];
        }
        int64_t left = last_column - first_column;
        Corner<Plan::LEVELS> corner{};
        corner.where = Where{entry.inputs, in_grid, left};
        corner.place = Place{(Real*)entry.out + offset, pitch, left};
        corner.height = int(std::min<int64_t>(HEIGHT, last_row - row));
        corner.width = entry.shape[LAST];
        Plan::each_level([&](auto level) {
            typedef decltype(level) Level;
            corner.below[Level::NUMBER] = panel.template place<Level>(at);
            if (DIMS > 1 && Level::MASK >> ROW & 1)
                corner.down[Level::NUMBER] = Level::LAST == ROW ? 1 : panel.step[Level::NUMBER][ROW];
            if (Level::MASK >> LAST & 1) corner.along[Level::NUMBER] = Level::ROWS * LANES;
        });
        if (large && in_line && (Plan::Grid::LIGHT || !stage.WORTHWHILE)) run_along<Plan, Way::PAST>(corner, left);
        else if (large && stage.WORTHWHILE) stage.run(corner);
        else run_along<Plan, Way::WHOLE>(corner, left);
    }
    if (large) finish_stores();
}
