// The operations of tapes. rows.py reads their numbers here: they count from 0, in this order.

#pragma once

#include <cstdint>

#define INLINE_LAMBDA __attribute__((always_inline))

// Places in the tape's list of refs: of rows where it is not negative, of one number where it is. Products have as many
// columns as the depth, and weights, then the bias, among the numbers.
struct Instruction {
    int32_t operation, count, to, a, b, c, depth, weights;
};

#define OPERATIONS                                   \
    ONE(NEG, -a)                                     \
    ONE(ABS, abs(a))                                 \
    ONE(SGN, sign(a))                                \
    ONE(RECIPROCAL, 1 / a)                           \
    ONE(SQRT, sqrt(a))                               \
    ONE(RSQRT, 1 / sqrt(a))                          \
    ONE(EXP, exp(a))                                 \
    ONE(EXPM1, expm1(a))                             \
    ONE(LOG, log(a))                                 \
    ONE(LOG1P, log1p(a))                             \
    ONE(LOG2, log2(a))                               \
    ONE(LOG10, log10(a))                             \
    ONE(SIN, sin(a))                                 \
    ONE(COS, cos(a))                                 \
    ONE(TAN, tan(a))                                 \
    ONE(SINH, sinh(a))                               \
    ONE(COSH, cosh(a))                               \
    ONE(TANH, curve_tanh(a))                         \
    ONE(SIGMOID, curve_sigmoid(a))                   \
    ONE(ASIN, asin(a))                               \
    ONE(ACOS, acos(a))                               \
    ONE(ATAN, atan(a))                               \
    ONE(ASINH, asinh(a))                             \
    ONE(ACOSH, acosh(a))                             \
    ONE(ATANH, atanh(a))                             \
    ONE(ERF, erf(a))                                 \
    ONE(ERFC, erfc(a))                               \
    ONE(FLOOR, floor(a))                             \
    ONE(CEIL, ceil(a))                               \
    ONE(TRUNC, trunc(a))                             \
    ONE(ROUND, rint(a))                              \
    ONE(SQUARE, a * a)                               \
    TWO(ADD, a + b)                                  \
    TWO(SUB, a - b)                                  \
    TWO(MUL, a * b)                                  \
    TWO(DIV, a / b)                                  \
    TWO(POW, pow(a, b))                              \
    TWO(MAXIMUM, maximum(a, b))                      \
    TWO(MINIMUM, minimum(a, b))                      \
    TWO(GT, as_number(a > b))                        \
    TWO(GE, as_number(a >= b))                       \
    TWO(LT, as_number(a < b))                        \
    TWO(LE, as_number(a <= b))                       \
    TWO(EQ, as_number(a == b))                       \
    TWO(NE, as_number(a != b))                       \
    TWO(BITWISE_AND, as_number(truth(a) & truth(b))) \
    TWO(BITWISE_OR, as_number(truth(a) | truth(b)))  \
    THREE(ADDCMUL, fused(b, c, a))                   \
    THREE(WHERE, select(truth(a), b, c))

enum Operation : int32_t {
#define ONE(name, expression) name,
#define TWO ONE
#define THREE ONE
    OPERATIONS
#undef ONE
#undef TWO
#undef THREE
    PRODUCT,
    SUM,
};
