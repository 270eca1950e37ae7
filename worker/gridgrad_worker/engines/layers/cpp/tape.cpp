// Runs tapes: what a network and its partials are at points, as instructions on rows.
//
// A row has the numbers of one feature, or of a partial of it, at the points of a tile. What a point's numbers are does
// not depend on the others: lanes are computed by themselves, and a tile that is not full is filled up.

#ifndef REAL
#define REAL double
#endif
typedef REAL Real;

#include <cstdlib>

#include "curves.h"
#include "instructions.h"
#include "threads.h"

constexpr int POINTS = 64;  // of a tile
constexpr int VECTORS = POINTS / LANES;
constexpr int WIDTH = VECTORS < 4 ? VECTORS : BYTES == 64 ? 4 : 2;  // of a block of a matrix product, in vectors
constexpr int HEIGHT = 6;

// Where an operand's numbers are: in a row, or one number for all points.
struct Operand {
    const Real* at;
    bool is_row;

    INLINE_MEMBER Vector operator[](int vector) const { return is_row ? load(at + vector * LANES) : broadcast(*at); }
};

struct Tape {
    const Instruction* instructions;
    int64_t count;
    const int32_t* refs;
    const Real* numbers;

    INLINE_MEMBER Operand operand(const Real* rows, int32_t ref) const {
        return ref < 0 ? Operand{numbers + ~ref, false} : Operand{rows + int64_t(ref) * POINTS, true};
    }
};

template <class F> INLINE void for_vectors(Real* to, F f) {
    for (int n = 0; n < VECTORS; n++) store(to + n * LANES, f(n));
}

template <class F> static void one(const Tape& tape, const Instruction& each, Real* rows, F f) {
    for (int row = 0; row < each.count; row++) {
        Operand a = tape.operand(rows, tape.refs[each.a + row]);
        for_vectors(rows + int64_t(tape.refs[each.to + row]) * POINTS, [&](int n) INLINE_LAMBDA { return f(a[n]); });
    }
}

template <class F> static void two(const Tape& tape, const Instruction& each, Real* rows, F f) {
    for (int row = 0; row < each.count; row++) {
        Operand a = tape.operand(rows, tape.refs[each.a + row]), b = tape.operand(rows, tape.refs[each.b + row]);
        Real* to = rows + int64_t(tape.refs[each.to + row]) * POINTS;
        if (a.is_row && b.is_row)
            for_vectors(to, [&](int n) INLINE_LAMBDA { return f(load(a.at + n * LANES), load(b.at + n * LANES)); });
        else
            for_vectors(to, [&](int n) INLINE_LAMBDA { return f(a[n], b[n]); });
    }
}

template <class F> static void three(const Tape& tape, const Instruction& each, Real* rows, F f) {
    for (int row = 0; row < each.count; row++) {
        Operand a = tape.operand(rows, tape.refs[each.a + row]), b = tape.operand(rows, tape.refs[each.b + row]);
        Operand c = tape.operand(rows, tape.refs[each.c + row]);
        for_vectors(rows + int64_t(tape.refs[each.to + row]) * POINTS,
                    [&](int n) INLINE_LAMBDA { return f(a[n], b[n], c[n]); });
    }
}

INLINE Vector as_number(Mask condition) { return select(condition, broadcast(1), Vector{}); }

// The sum of rows, in their order.
static void summed(const Tape& tape, const Instruction& each, Real* rows) {
    for (int row = 0; row < each.count; row++) {
        const int32_t* from = tape.refs + each.a + int64_t(row) * each.depth;
        for_vectors(rows + int64_t(tape.refs[each.to + row]) * POINTS, [&](int n) INLINE_LAMBDA {
            Vector total = tape.operand(rows, from[0])[n];
            for (int k = 1; k < each.depth; k++) total = total + tape.operand(rows, from[k])[n];
            return total;
        });
    }
}

// Some rows of weights * rows + bias.
template <int ROWS>
static void product_block(const Tape& tape, const Instruction& each, int first, const Real* const* from, Real* rows) {
    const Real* weights = tape.numbers + each.weights + int64_t(first) * each.depth;
    const Real* bias = tape.numbers + each.weights + int64_t(each.count) * each.depth + first;
    for (int start = 0; start < VECTORS; start += WIDTH) {
        Vector sum[ROWS][WIDTH];
#pragma GCC unroll 6
        for (int row = 0; row < ROWS; row++)
#pragma GCC unroll 4
            for (int n = 0; n < WIDTH; n++) sum[row][n] = broadcast(bias[row]);
        for (int k = 0; k < each.depth; k++) {
            Vector factor[WIDTH];
#pragma GCC unroll 4
            for (int n = 0; n < WIDTH; n++) factor[n] = load(from[k] + (start + n) * LANES);
#pragma GCC unroll 6
            for (int row = 0; row < ROWS; row++) {
                Vector weight = broadcast(weights[row * int64_t(each.depth) + k]);
#pragma GCC unroll 4
                for (int n = 0; n < WIDTH; n++) sum[row][n] = fused(weight, factor[n], sum[row][n]);
            }
        }
#pragma GCC unroll 6
        for (int row = 0; row < ROWS; row++) {
            Real* to = rows + int64_t(tape.refs[each.to + first + row]) * POINTS + start * LANES;
#pragma GCC unroll 4
            for (int n = 0; n < WIDTH; n++) store(to + n * LANES, sum[row][n]);
        }
    }
}

template <int ROWS>
static void product_rest(const Tape& tape, const Instruction& each, int first, const Real* const* from, Real* rows) {
    if constexpr (ROWS > 0) {
        if (each.count - first == ROWS) product_block<ROWS>(tape, each, first, from, rows);
        else product_rest<ROWS - 1>(tape, each, first, from, rows);
    }
}

static void product(const Tape& tape, const Instruction& each, Real* rows, const Real** from) {
    for (int k = 0; k < each.depth; k++) from[k] = rows + int64_t(tape.refs[each.a + k]) * POINTS;
    int first = 0;
    for (; first + HEIGHT <= each.count; first += HEIGHT) product_block<HEIGHT>(tape, each, first, from, rows);
    product_rest<HEIGHT - 1>(tape, each, first, from, rows);
}

static void run(const Tape& tape, const Instruction& each, Real* rows, const Real** from) {
    switch (each.operation) {
#define ONE(name, expression) \
    case name: return one(tape, each, rows, [](Vector a) INLINE_LAMBDA -> Vector { return expression; });
#define TWO(name, expression) \
    case name: return two(tape, each, rows, [](Vector a, Vector b) INLINE_LAMBDA -> Vector { return expression; });
#define THREE(name, expression) \
    case name:                  \
        return three(tape, each, rows, [](Vector a, Vector b, Vector c) INLINE_LAMBDA -> Vector { return expression; });
        OPERATIONS
        case PRODUCT: return product(tape, each, rows, from);
        case SUM: return summed(tape, each, rows);
    }
}

// Fills a row, also beyond the points that there are.
static void take(Real* row, const Real* from, int64_t step, int64_t first, int64_t points) {
    for (int64_t n = 0; n < POINTS; n++) row[n] = from[std::min(first + n, points - 1) * step];
}

// Computes planes at points.
//
// inputs: where those of each input are, and their steps, 0 for one number; their rows are the first.
// results: refs of planes, which are written one after the other.
// rows: how many there are. deepest: the most columns of a matrix.
EXPORTED int64_t run_tape(const Instruction* instructions, int64_t count, const int32_t* refs, const Real* numbers,
                          const Real* const* inputs, const int64_t* steps, int64_t input_count, const int32_t* results,
                          int64_t planes, Real* to, int64_t points, int64_t rows, int64_t deepest, int64_t threads) {
    Tape tape{instructions, count, refs, numbers};
    int64_t tiles = (points + POINTS - 1) / POINTS;
    int64_t bytes = rows * POINTS * sizeof(Real) + deepest * sizeof(Real*);
    threads = std::min(threads, tiles);
    char* memory = (char*)std::aligned_alloc(BYTES, (threads * (bytes + BYTES) + BYTES) / BYTES * BYTES);
    if (!memory) return 0;
    SharedWork work;
    in_threads(int(threads), [&](int thread) {
        Real* own = (Real*)(memory + thread * ((bytes + BYTES - 1) / BYTES * BYTES));
        const Real** from = (const Real**)(own + rows * POINTS);
        work.share(tiles, 1, [&](int64_t tile) {
            int64_t first = tile * POINTS, length = std::min(int64_t(POINTS), points - first);
            for (int64_t n = 0; n < input_count; n++) take(own + n * POINTS, inputs[n], steps[n], first, points);
            for (int64_t n = 0; n < tape.count; n++) run(tape, instructions[n], own, from);
            for (int64_t plane = 0; plane < planes; plane++) {
                Operand found = tape.operand(own, results[plane]);
                for (int64_t n = 0; n < length; n++) to[plane * points + first + n] = found.at[found.is_row ? n : 0];
            }
        });
    });
    std::free(memory);
    return 1;
}
