"""Every refusal names the place, what was found there, and what to write instead."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.parser.parser import parse

REFUSALS = [
    ("t^2", 1, 2, "'^' is not an operator here", "write t**2 for a power"),
    ("(x + 1)^2", 1, 8, "'^' is not an operator here", "write (x + 1)**2 for a power"),
    ("-x^2", 1, 3, "'^' is not an operator here", "write -x**2 for -(x**2), or (-x)**2, which some tools mean"),
    ("a*-x^n", 1, 5, "'^' is not an operator here", "write -x**n for -(x**n), or (-x)**n, which some tools mean"),
    ("a - x^2", 1, 6, "'^' is not an operator here", "write x**2 for a power"),
    ("asec(x)", 1, 1, "'asec' is no function here", "write arccos(1/x)"),
    (
        "asec + asec(x)",
        1,
        8,
        "'asec' is no function",
        "write asec*(...) for a product; docs/language.md lists the functions",
    ),
    ("a*b^sin(x)", 1, 4, "'^' is not an operator here", "write b**sin(x) for a power"),
    ("x>0 & y>0", 1, 5, "'&' is not an operator here", "write (x>0) and (y>0)"),
    ("x > 0 && sin(y) > 0", 1, 7, "'&&' is not an operator here", "write (x > 0) and (sin(y) > 0)"),
    ("a | b", 1, 3, "'|' is not an operator here", "write a or b"),
    ("(a) || (b)", 1, 5, "'||' is not an operator here", "write (a) or (b)"),
    ("x <> y", 1, 3, "'<>' is not an operator here", "write x != y"),
    ("x =< y", 1, 3, "'=<' is not an operator here", "write x <= y"),
    ("x => y", 1, 3, "'=>' is not an operator here", "write x >= y"),
    ("x === y", 1, 3, "'===' is not an operator here", "write x == y"),
    ("x << 2", 1, 3, "'<<' is not an operator here", "write x*2**2 for a shift"),
    ("x >> n", 1, 3, "'>>' is not an operator here", "write x//2**n for a shift"),
    ("!x", 1, 1, "'!' is not an operator here", "write not x"),
    ("~x", 1, 1, "'~' is not an operator here", "write not x before a condition, -x before a number"),
    ("x!", 1, 2, "'!' is not in the language", "write gamma(n + 1) for a factorial, != to compare"),
    ("|x|", 1, 1, "'|' is not an operator here", "write abs(x)"),
    ("x @ y", 1, 3, "'@' is not in the language", "write products of numbers with *; there are no matrices"),
    ("x ? a : b", 1, 3, "'?' is not in the language", "write a if c else b"),
    ("x[1]", 1, 2, "'[' is not in the language", "write parentheses; inputs are read as they are, without an index"),
    ("[1, 2]", 1, 1, "'[' is not in the language", "write parentheses; inputs are read as they are, without an index"),
    ("{x}", 1, 1, "'{' is not in the language", "write parentheses"),
    ('"x"', 1, 1, "'\"' is not in the language", "remove the quotes: names stand without them"),
    (
        "f'(x)",
        1,
        2,
        "''' is not in the language",
        "remove the quotes: names stand without them, and derivatives are named in the request",
    ),
    ("x $ y", 1, 3, "'$' is not in the language", "remove it"),
    ("x \\", 1, 3, "'\\' is not in the language", "write what goes over several lines in parentheses"),
    ("x := 2", 1, 3, "':=' is not in the language", "write the assignment as a statement of its own, with ="),
    ("x -> y", 1, 3, "'->' is not in the language", "write the right side alone, or a if c else b for a choice"),
    ("x += 1", 1, 3, "'+=' is not in the language", "write x = x + 1"),
    ("x -= y*2", 1, 3, "'-=' is not in the language", "write x = x - (y*2)"),
    ("x ^= 2", 1, 3, "'^=' is not in the language", "write x = x ** 2"),
    ("2x", 1, 1, "2x is a product without its sign", "write 2*x"),
    ("2pi", 1, 1, "2pi is a product without its sign", "write 2*pi"),
    ("2 x", 1, 3, "'x' right after an operand", "write 2*x for a product"),
    ("2(x + 1)", 1, 2, "'(' right after an operand", "write 2*(x + 1) for a product"),
    ("(a)(b)", 1, 4, "'(' right after an operand", "write (a)*(b) for a product"),
    ("x y", 1, 3, "'y' right after an operand", "write x*y for a product"),
    ("x 2.5e-3", 1, 3, "'2.5e-3' right after an operand", "write x*2.5e-3 for a product"),
    ("x sin(y)", 1, 3, "'sin' right after an operand", "write x*sin(y) for a product"),
    ("sin(x)cos(x)", 1, 7, "'cos' right after an operand", "write sin(x)*cos(x) for a product"),
    ("1if x else 2", 1, 1, "1if runs a number into a word", "write 1 if"),
    ("0x1F", 1, 1, "0x1F is no decimal number", "write 31"),
    ("0b101", 1, 1, "0b101 is no decimal number", "write 5"),
    ("007", 1, 1, "007 starts with a zero", "write 7"),
    ("2j", 1, 1, "2j is a complex number", "write real numbers; compute real and imaginary parts apart"),
    ("1e", 1, 1, "1e has no digits after e", "write 1e3 for a power of ten, 1*e for a product"),
    ("1__0", 1, 1, "1__0 has an underscore that is not between digits", "write 10"),
    ("1_", 1, 1, "1_ has an underscore that is not between digits", "write 1"),
    ("1.2.3", 1, 1, "1.2.3 has two decimal points", "write one decimal point"),
    ("1e999", 1, 1, "1e999 is too large for a float64", "write inf if you mean infinity"),
    ("np.sin(x)", 1, 1, "a dot in 'np.sin'", "write sin(...)"),
    ("numpy.special.erf(x)", 1, 1, "a dot in 'numpy.special.erf'", "write erf(...)"),
    ("math.pi", 1, 1, "a dot in 'math.pi'", "write pi"),
    ("x.real", 1, 1, "a dot in 'x.real'", "write a name without a dot"),
    ("2 .real", 1, 3, "'.' is not in the language", "write a name or a number without a dot"),
    ("x.", 1, 2, "'.' is not in the language", "write a name or a number without a dot"),
    ("siin(x)", 1, 1, "'siin' is no function", "write sin, sinh or sinc, or siin*(...) for a product"),
    ("foo(x)", 1, 1, "'foo' is no function", "write floor, or foo*(...) for a product"),
    (
        "x(y + 1)",
        1,
        1,
        "'x' is no function",
        (
            "write x*(...) for a product, or give a table as 'x', gridgrad.table(values, x=knots); "
            "docs/language.md lists the functions"
        ),
    ),
    ("x + x(y)", 1, 5, "'x' is no function", "write x*(...) for a product; docs/language.md lists the functions"),
    ("2*f(t, k) = t*k", 1, 3, "a definition of f inside a statement", "write f(...) = ... as one of its own"),
    ("fo(a) = a; fob(x)", 1, 12, "'fob' is no function", "write fo, or fob*(...) for a product"),
    ("sin()", 1, 1, "sin takes 1 argument, not 0", "write sin(x)"),
    ("sin(x, y)", 1, 1, "sin takes 1 argument, not 2", "write sin(x)"),
    ("where(x > 0, 1)", 1, 1, "where takes 3 arguments, not 2", "write where(c, a, b)"),
    ("max(x)", 1, 1, "max takes at least 2 arguments, not 1", "write maximum(x, y, ...)"),
    (
        "clip(x, min=0)",
        1,
        12,
        "'=' in the arguments of clip",
        "give arguments by position, as in clip(x, low, high); compare with ==",
    ),
    (
        "where(x = 0, 1, 2)",
        1,
        9,
        "'=' in the arguments of where",
        "give arguments by position, as in where(c, a, b); compare with ==",
    ),
    (
        "polygamma(x, y)",
        1,
        11,
        "the argument n of polygamma is no constant integer of 0 or more",
        "write a number for it, as in polygamma(2, x)",
    ),
    (
        "polygamma(-1, y)",
        1,
        11,
        "the argument n of polygamma is no constant integer of 0 or more",
        "write a number for it, as in polygamma(2, x)",
    ),
    (
        "polygamma(0.5, y)",
        1,
        11,
        "the argument n of polygamma is no constant integer of 0 or more",
        "write a number for it, as in polygamma(2, x)",
    ),
    ("", 1, 1, "the text is empty", "write an expression such as t*k + 2*t*k**2"),
    ("# only a comment", 1, 1, "the text is empty", "write an expression such as t*k + 2*t*k**2"),
    ("f = 2", 1, 1, "the text ends with the assignment of f", "add a last line with what to compute, such as f"),
    (
        "a = 1; b = a; ",
        1,
        8,
        "the text ends with the assignment of b",
        "add a last line with what to compute, such as b",
    ),
    ("sin(x", 1, 1, "'sin(' is never closed", "write its ')'"),
    ("2*(x + (y", 1, 8, "'(' is never closed", "write its ')'"),
    ("x)", 1, 2, "')' closes nothing", "remove it, or write a '(' before it"),
    ("sin(x))", 1, 7, "')' closes nothing", "remove it, or write a '(' before it"),
    ("()", 1, 1, "empty parentheses", "write an expression between them"),
    ("x + ()", 1, 5, "empty parentheses", "write an expression between them"),
    ("x +", 1, 4, "the text ends after '+'", "write an operand there"),
    ("x + # more", 1, 11, "the text ends after '+'", "write an operand there"),
    ("* x", 1, 1, "'*' where a number, a name or '(' should stand", "write an operand before '*'"),
    ("x * / y", 1, 5, "'/' after '*' where a number, a name or '(' should stand", "write an operand before '/'"),
    ("(x + )", 1, 6, "')' after '+' where a number, a name or '(' should stand", "write an operand before ')'"),
    ("sin(, x)", 1, 5, "',' after '(' where a number, a name or '(' should stand", "write an operand before ','"),
    ("x,,y", 1, 3, "',' after ',' where a number, a name or '(' should stand", "write an operand before ','"),
    ("x and", 1, 6, "the text ends after 'and'", "write an operand there"),
    ("if x > 0: y", 1, 1, "'if' without a value before it", "write a if c else b"),
    ("x if y", 1, 3, "'if' without its 'else'", "write a if c else b"),
    ("(x if y)", 1, 4, "'if' without its 'else'", "write a if c else b"),
    ("x else y", 1, 3, "'else' without an 'if' before it", "write a if c else b"),
    ("a if b if c else d else e", 1, 8, "'if' inside a condition", "put the condition in parentheses"),
    ("-not x", 1, 2, "'not' binds less strongly than what stands before it", "put it in parentheses, as in (not a)"),
    ("x not y", 1, 3, "'not' after an operand", "write and not, or != to compare"),
    ("x not in y", 1, 3, "'not' after an operand", "write and not, or != to compare"),
    ("x is y", 1, 3, "'is' is not in the language", "write == to compare"),
    ("x in y", 1, 3, "'in' is not in the language", "write a <= x and x <= b"),
    ("x AND y", 1, 3, "'AND' is not in the language", "write and"),
    ("lambda x: x", 1, 1, "'lambda' is not in the language", "write the body of the function alone"),
    (
        "def f(x): return x",
        1,
        1,
        "'def' is not in the language",
        "write the body of the function alone, without def and return",
    ),
    ("return x", 1, 1, "'return' is not in the language", "write the expression alone, without return"),
    ("for i in x: y", 1, 1, "'for' is not in the language", "write sums and repeated steps out"),
    ("let x = 2", 1, 1, "'let' is not in the language", "write an assignment as a = ..."),
    ("import numpy", 1, 1, "'import' is not in the language", "remove it: functions such as sin are always there"),
    ("x = y = 2", 1, 7, "'=' where nothing can be assigned", "write name = ..., one in a statement; compare with =="),
    ("1 = x", 1, 3, "'=' where nothing can be assigned", "write name = ..., one in a statement; compare with =="),
    ("x + 1 = y", 1, 7, "'=' where nothing can be assigned", "write name = ..., one in a statement; compare with =="),
    ("if = 3", 1, 1, "'if' is an operator of the language", "choose another name"),
    ("and = x", 1, 1, "'and' is an operator of the language", "choose another name"),
    ("(u, v) + 1", 1, 1, "a tuple inside an expression", "write a tuple only as the whole last line"),
    ("sin((u, v))", 1, 5, "a tuple inside an expression", "write a tuple only as the whole last line"),
    ("a = (u, v); a", 1, 5, "a tuple in an assignment", "assign each element to a name of its own"),
    (
        "u, v = x, y; u",
        1,
        6,
        "'=' where nothing can be assigned",
        "write name = ..., one in a statement; compare with ==",
    ),
    ("((u, v), w)", 1, 2, "a tuple inside an expression", "write a tuple only as the whole last line"),
    ("x == 3; y", 1, 1, "a comparison of x that nothing uses", "write x = ... to assign"),
    ("x + 1; y", 1, 1, "an expression that nothing uses", "assign it to a name; only the last line is the result"),
    ("(x; y)", 1, 3, "';' inside parentheses", "close the parentheses before it"),
    (
        "x +\ny",
        1,
        4,
        "the line ends after '+'",
        "write an operand there, or put all of it in parentheses to go on in the next line",
    ),
    ("(x\ny)", 2, 1, "'y' on a new line inside '('", "close the parenthesis before it, or write an operator"),
    (
        "a = sin(x\nb = 2\na",
        2,
        1,
        "'b' on a new line inside 'sin('",
        "close the parenthesis before it, or write an operator",
    ),
    ("x²", 1, 2, "'²' (U+00B2) is not in the language", "write x**2 for a power"),
    ("x⁻¹", 1, 2, "'⁻' (U+207B) is not in the language", "write x**(-1) for a power"),
    ("α + 1", 1, 1, "'α' (U+03B1) is not in the language", "write alpha"),
    ("2π", 1, 2, "'π' (U+03C0) is not in the language", "write pi"),
    ("x − 1", 1, 3, "'−' (U+2212) is not in the language", "write -"),
    ("x × y", 1, 3, "'×' (U+00D7) is not in the language", "write *"),
    ("x · y", 1, 3, "'·' (U+00B7) is not in the language", "write *"),
    ("x\xa0+ y", 1, 2, "'\\xa0' (U+00A0) is not in the language", "write a plain space"),
    ("‘x’", 1, 1, "'‘' (U+2018) is not in the language", "remove it: names stand without quotes"),
    ("x ≤ y", 1, 3, "'≤' (U+2264) is not in the language", "write <="),
    ("√x", 1, 1, "'√' (U+221A) is not in the language", "write sqrt(...)"),
    (
        "∂f",
        1,
        1,
        "'∂' (U+2202) is not in the language",
        "write diff(u, x) for ∂u/∂x; the derivatives of the result are named in the request",
    ),
    ("Δx", 1, 1, "'Δ' (U+0394) is not in the language", "write Delta"),
    ("größe", 1, 3, "'ö' (U+00F6) is not in the language", "write o"),
    ("x₁", 1, 2, "'₁' (U+2081) is not in the language", "write 1"),
    ("½*x", 1, 1, "'½' (U+00BD) is not in the language", "write 0.5"),
    ("x\u200b", 1, 2, "'\\u200b' (U+200B) is not in the language", "remove it"),
    ("x\x00", 1, 2, "'\\x00' (U+0000) is not in the language", "remove it"),
    ("x\x0by", 1, 2, "'\\x0b' (U+000B) is not in the language", "remove it"),
    ("\ufeffx", 1, 1, "'\\ufeff' (U+FEFF) is not in the language", "remove it"),
    ("（x)", 1, 1, "'（' (U+FF08) is not in the language", "write ("),
    ("a" * 65, 1, 1, "a name of more than 64 characters", "use shorter names"),
    ("1" * 401, 1, 1, "a number of more than 400 characters", "write 17 digits, all that a float64 has"),
    (
        "x\n+ y",
        2,
        1,
        "'+' at the start of a statement",
        "put all of the expression in parentheses to go on in the next line",
    ),
    ("x?", 1, 2, "'?' is not in the language", "write a if c else b"),
    ("x % ", 1, 5, "the text ends after '%'", "write an operand there"),
    ("50%", 1, 4, "the text ends after '%'", "write an operand there"),
    ("x ** * y", 1, 6, "'*' after '**' where a number, a name or '(' should stand", "write an operand before '*'"),
    ("∞", 1, 1, "'∞' (U+221E) is not in the language", "write inf"),
    ("µ", 1, 1, "'µ' (U+00B5) is not in the language", "write mu"),
    ("λ", 1, 1, "'λ' (U+03BB) is not in the language", "write lambda"),
    (
        "x\n* y",
        2,
        1,
        "'*' at the start of a statement",
        "put all of the expression in parentheses to go on in the next line",
    ),
    ("a = 1\n", 1, 1, "the text ends with the assignment of a", "add a last line with what to compute, such as a"),
]


@pytest.mark.parametrize(("text", "line", "column", "found", "remedy"), REFUSALS)
def test_a_refusal_says_where_and_what_to_write(text: str, line: int, column: int, found: str, remedy: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert error.field == "function.expression"
    assert error.found == f"line {line}, column {column}: {found}"
    assert error.remedy == remedy


@pytest.mark.parametrize(
    ("refused", "accepted"),
    [
        ("t^2", "t**2"),
        ("(x + 1)^2", "(x + 1)**2"),
        ("x>0 & y>0", "(x>0) and (y>0)"),
        ("x > 0 && sin(y) > 0", "(x > 0) and (sin(y) > 0)"),
        ("a || b", "a or b"),
        ("x <> y", "x != y"),
        ("2x", "2*x"),
        ("2(x + 1)", "2*(x + 1)"),
        ("sin(x)cos(x)", "sin(x)*cos(x)"),
        ("x 2.5e-3", "x*2.5e-3"),
        ("x\u207b\u00b9", "x**(-1)"),
        ("0x1F", "31"),
        ("1_", "1"),
    ],
)
def test_what_a_refusal_says_to_write_is_accepted(refused: str, accepted: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(refused)
    assert f"write {accepted}" in caught.value.remedy
    parse(accepted)


def test_a_refusal_reads_as_one_sentence() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("t^2")
    said = "function.expression: line 1, column 2: '^' is not an operator here; write t**2 for a power"
    assert str(caught.value) == said


def test_long_operands_are_not_repeated() -> None:
    long = "(" + " + ".join(f"x{i}" for i in range(50)) + ")"
    with pytest.raises(ExpressionError) as caught:
        parse(f"{long}^{long}")
    assert caught.value.remedy == "write (...)**(...) for a power"


@pytest.mark.parametrize(("name", "closest"), [("sine", "sin"), ("tanhh", "tanh"), ("whre", "where")])
def test_an_unknown_function_is_compared_with_those_there_are(name: str, closest: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(f"{name}(x)")
    assert caught.value.remedy.startswith(f"write {closest}")
    assert caught.value.remedy.endswith(f", or {name}*(...) for a product")


@pytest.mark.parametrize("text", ["sine = 2; sine(x)", "sine + sine(x)"])
def test_a_variable_is_taken_for_a_factor(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.remedy == f"write {text[:4]}*(...) for a product; docs/language.md lists the functions"


def test_what_is_like_no_function_is_taken_for_a_factor_or_for_a_table() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("qqqq(x)")
    assert caught.value.remedy.startswith("write qqqq*(...) for a product, or give a table as 'qqqq', gridgrad.table(")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ExpressionError, match="a function instead of text; write text such as"):
        parse(lambda t, k: t * k)  # type: ignore[arg-type]  # what a caller may try


def test_a_refusal_holds_nothing_of_the_parser() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("t^2")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
