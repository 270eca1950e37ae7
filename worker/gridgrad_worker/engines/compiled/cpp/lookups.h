// Look-ups in tables, whose arrays stand behind the inputs of a tile: knots with their count, and coefficients.
//
// Knots that are even to less than half a step have the first of them in `start` and how many lie in a unit in `stop`,
// and are found in one step; of others `stop` is 0.

#pragma once

#include "functions.h"
#include "tile.h"

INLINE const Real* numbers(const Input& input) { return (const Real*)input.data; }

// The places of an array that have the same number, group by group.
struct Groups {
    int64_t count;
    const int64_t* begins;  // count + 1, and the places behind them

    INLINE_MEMBER const int64_t* begin(int64_t group) const { return begins + count + 1 + begins[group]; }
    INLINE_MEMBER const int64_t* end(int64_t group, bool all) const { return all ? begin(group + 1) : begin(group) + 1; }
};
INLINE Groups groups(const Input& input) { return {input.count, (const int64_t*)input.data}; }
INLINE Groups fewer(const Groups& one, const Groups& other) { return one.count <= other.count ? one : other; }

INLINE Vector nan_place(const Input& knots, Vector x) {
    const Real first = numbers(knots)[0], last = numbers(knots)[knots.count - 1];
    return select((x >= first) & (x <= last), x, broadcast(NOT_A_NUMBER));
}

INLINE Vector clamp_place(const Input& knots, Vector x) {
    const Real first = numbers(knots)[0], last = numbers(knots)[knots.count - 1];
    return minimum(maximum(x, broadcast(first)), broadcast(last));
}

INLINE Vector periodic_place(const Input& knots, Vector x) {
    const Real first = numbers(knots)[0], last = numbers(knots)[knots.count - 1];
    return first + remainder(x - first, broadcast(last - first));
}

typedef Whole Places __attribute__((vector_size(BYTES)));

// Whole numbers, whatever they stand for where there is nan.
INLINE Places whole(Vector x) { return __builtin_convertvector(x, Places); }

// Numbers at places of an array.
INLINE Vector item(const Input& input, Places places) {
    const Real* from = numbers(input);
#if defined(__AVX512F__)
    if constexpr (DOUBLE) return (Vector)_mm512_i64gather_pd((__m512i)places, (const double*)from, 8);
    else return (Vector)_mm512_i32gather_ps((__m512i)places, (const float*)from, 4);
#else
    Vector result;
    for (int lane = 0; lane < LANES; lane++) result[lane] = from[places[lane]];
    return result;
#endif
}

INLINE bool all(Mask mask) { return !any(~mask); }

// The same where neighbours lie in few cells as a rule, as they do on a grid: each of these is read once.
INLINE Vector near_item(const Input& input, Places places) {
    const Real* from = numbers(input);
    const Whole first = places[0], middle = places[LANES / 2], last = places[LANES - 1];
    const Mask in_middle = places == middle, in_last = places == last;
    if (!all((places == first) | in_middle | in_last)) return item(input, places);
    const Vector there = select(in_middle, broadcast(from[middle]), broadcast(from[first]));
    return select(in_last, broadcast(from[last]), there);
}

// The last knot but one, or the last before it that is not right of x.
static inline Places cells_of(const Input& knots, Vector x) {
    const Whole last = Whole(knots.count - 2);
    if (knots.stop != 0) {
        // Not right of the last: so are nan and what lies too far out
        Vector guess = (x - Real(knots.start)) * Real(knots.stop);
        guess = select(guess > 0, select(guess < Real(last), guess, broadcast(Real(last))), Vector{});
        Places place = whole(guess);
        place += (x < item(knots, place)) & (place > 0);             // a condition that holds is -1
        place -= (x >= item(knots, place + 1)) & (place < last);
        return place;
    }
    Places place = {};
    for (Whole length = last + 1; length > 1;) {
        const Whole half = length / 2;
        place += Places(x >= item(knots, place + half)) & half;
        length -= half;
    }
    return place;
}

static inline Vector table_cell(const Input& knots, Vector x) { return __builtin_convertvector(cells_of(knots, x), Vector); }

INLINE Vector table_knot(const Input& knots, Vector cell) { return item(knots, whole(cell)); }
