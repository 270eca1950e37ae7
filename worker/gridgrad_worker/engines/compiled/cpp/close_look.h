// The guard's close look: what guard.py decides of a request, from the extremes of all that it watches.
//
// A plan says what there is to decide, in a class GuardTables (see codegen/guard_tables.py):
//   CONSTANTS       the exponents of constants; they are columns, after the watched rows of the levels
//   SUMS, TERMS     for each of so many sums how many terms, for each term how many columns it multiplies and which, then
//                   how many it divides by and which
//   LEAST, LARGEST  the exponents between which a term must stay
//   UNSEEN          it may vanish where this and its largest exponent are below another term of its sum

#pragma once

#include "panel.h"

constexpr double ENDLESS = std::numeric_limits<double>::infinity();

// The extremes of a row, lane by lane, as whole numbers in the order of the numbers. Infinity and nan are the largest of
// absolute values; of numbers with a sign nan lies beyond one of the infinities.
struct Extremes {
    static constexpr Whole LAST = std::numeric_limits<Whole>::max();
    Mask least = Mask{} + LAST, largest = Mask{} - LAST - 1, zero = Mask{};

    // A factor or a divisor. A zero is not among the least, but told by itself.
    INLINE_MEMBER void include_size(Vector x) {
        Mask size = (Mask)abs(x), nothing = size == 0;
        Mask nonzero = nothing ? Mask{} + LAST : size;
        least = nonzero < least ? nonzero : least;
        largest = size > largest ? size : largest;
        zero |= nothing;
    }

    // The argument of an exponential.
    INLINE_MEMBER void include_power(Vector x) {
        Mask key = (Mask)x < 0 ? (Mask)x ^ LAST : (Mask)x;
        least = key < least ? key : least;
        largest = key > largest ? key : largest;
    }
};

// The exponents of a column: the least, 0 or below, the largest, 0 or above, and 1 where there is a zero.
struct Exponents {
    double low, high, zero;
};

INLINE double number_of(Whole key) {
    Whole bits = key < 0 ? key ^ Extremes::LAST : key;
    Real number;
    std::memcpy(&number, &bits, sizeof number);
    return double(number);
}

INLINE Exponents exponents_of(const Extremes& row, bool divides, bool power) {
    Whole least = Extremes::LAST, largest = -Extremes::LAST - 1, zero = 0;
    for (int lane = 0; lane < LANES; lane++) {
        least = std::min<Whole>(least, row.least[lane]);
        largest = std::max<Whole>(largest, row.largest[lane]);
        zero |= row.zero[lane];
    }
    double low = number_of(least), high = number_of(largest);
    if (zero && !largest) low = high = 1;  // zeros alone
    if (!std::isfinite(low) || !std::isfinite(high) || (zero && divides)) return {-ENDLESS, ENDLESS, double(bool(zero))};
    if (power) low *= 1.4426950408889634, high *= 1.4426950408889634;
    else low = std::log2(low), high = std::log2(high);
    return {std::min(low, 0.0), std::max(high, 0.0), double(bool(zero))};
}

// The exponents of a term: the largest and least of its partial products, how many zeros it has, and the largest of what it
// divides by.
struct TermExponents {
    double highest = 0, lowest = 0, zeros = 0, divisors = 0;

    // Reads a term, and goes on to what follows it.
    TermExponents(const Exponents* columns, const int*& at) {
        for (int count = *at++; count > 0; count--) {
            const Exponents& column = columns[*at++];
            highest += column.high, lowest += column.low, zeros += column.zero;
        }
        for (int count = *at++; count > 0; count--) {
            const Exponents& column = columns[*at++];
            highest -= column.low, lowest -= column.high, zeros += column.zero, divisors += column.high;
        }
    }
};

// What has been seen of a request.
template <class Plan> class CloseLook {
    typedef typename Plan::GuardTables Tables;
    static constexpr int CONSTANTS = sizeof Tables::CONSTANTS / sizeof *Tables::CONSTANTS;

    Extremes rows[Plan::WATCHED + 1];

public:
    // Sees the levels of a panel, which have been computed.
    void include(const Panel<Plan>& panel) {
        Extremes* row = rows;
        Plan::each_level([&](auto level) {
            typedef decltype(level) Level;
            const Real* at = panel.base[Level::NUMBER];
            for (int64_t left = panel.template vectors<Level>(); left > 0; left--, at += Level::rows(panel.inputs) * LANES) {
                for (int n = 0; n < Level::FACTORS + Level::DIVISORS; n++) row[n].include_size(load(at + n * LANES));
                for (int n = Level::FACTORS + Level::DIVISORS; n < Level::WATCHED; n++) row[n].include_power(load(at + n * LANES));
            }
            row += Level::WATCHED;
        });
    }

    // Whether all terms stay within range.
    bool holds() const {
        Exponents columns[Plan::WATCHED + CONSTANTS];
        Exponents* column = columns;
        const Extremes* row = rows;
        Plan::each_level([&](auto level) {
            typedef decltype(level) Level;
            for (int n = 0; n < Level::WATCHED; n++)
                *column++ = exponents_of(*row++, n >= Level::FACTORS, n >= Level::FACTORS + Level::DIVISORS);
        });
        for (const double(&each)[3] : Tables::CONSTANTS) *column++ = {each[0], each[1], each[2]};
        for (const Exponents& each : columns)
            if (each.low == -ENDLESS || each.high == ENDLESS) return false;
        const int* at = Tables::TERMS;
        for (int sum = 0; sum < Tables::SUMS; sum++)
            if (!sum_holds(columns, at)) return false;
        return true;
    }

private:
    // Whether the terms of a sum do, and where the next sum begins.
    static bool sum_holds(const Exponents* columns, const int*& at) {
        int terms = *at++;
        const int* first = at;
        double total = -ENDLESS;
        for (int n = 0; n < terms; n++) {
            TermExponents term(columns, at);
            if (term.lowest >= Tables::LEAST && term.zeros == 0) total = std::max(total, term.lowest);
        }
        for (int n = 0; n < terms; n++) {
            TermExponents term(columns, first);
            // What is lost is less than the smallest normal number times the factors that follow
            bool unseen = Tables::UNSEEN + term.highest <= total && term.divisors <= Tables::LARGEST;
            if (!(term.highest <= Tables::LARGEST && (term.lowest >= Tables::LEAST || unseen))) return false;
        }
        return true;
    }
};
