"""The rows of the table of functions, a module for each topic.

Every place that a new function touches:

1. Its row, in the module of its topic here: name, parameters, formula, a derivative by each parameter as text of the
   language, what it is at awkward points. numpy's name for it, and others' names, are `aliases`: by these it is traced.
   A module of a new topic goes into `table.py`.
2. Its value on tensors, in `VALUES` of `worker/gridgrad_worker/torch_ops/elementary.py`, or `quotients.py` or
   `special.py` beside it. Its derivatives come from the row; only where torch takes them as the row has them, at
   awkward points and nested too, may it stand in `NATIVE` of `worker/gridgrad_worker/torch_ops/table.py`, which is
   faster.
3. Its value at high precision, in `VALUES` of `client/gridgrad/checks/mpmath_functions.py`.
4. Points at which all of it is checked: `tests/worker/torch_ops/test_table.py` for a function of one number, else
   `tests/worker/torch_ops/test_operations_of_two.py`; what the row's notes say, in
   `tests/worker/torch_ops/test_awkward_points.py`.
5. `make docs` writes it into `docs/language.md`; `CHANGELOG.md` names it.

6. If it can't be negative, its name in `_NEVER_NEGATIVE` of `core/gridgrad_core/lang/derive/spellings.py`, by which
   `abs` and `max(…, 0)` of it stay smooth. If it selects among its arguments, as max does, `SELECTIONS` of
   `selections.py` beside it.

That is all if its value comes down to operations of torch that compiled code has. Otherwise it needs a row in `FORMS`
of `worker/gridgrad_worker/engines/compiled/codegen/cpp_table.py`, and that name in C++ in
`worker/gridgrad_worker/engines/compiled/cpp/functions.h` (or `special.h` beside it) for processors, and in
`worker/gridgrad_worker/engines/cuda/prelude.h` for GPUs. Where sympy calls it otherwise,
`client/gridgrad/tracing/symbolic/from_sympy.py` has the names.

Where Boost.Math has its values, they come from the library of special functions instead: it has a row in
`worker/gridgrad_worker/native/cpp/special_functions.h`, its C++ in a source of its topic beside that, and with scipy's
name for it a row in `core/gridgrad_core/lang/library/library_table.py`. At high precision it is in
`client/gridgrad/checks/mpmath_special.py`.

What is written with a sign instead of a name has its row in `operators.py`, its sign and precedence in
`core/gridgrad_core/lang/program/operations.py`, and Python's operator in `core/gridgrad_core/lang/derive/rules.py`.

Tests fail until each of these but the sixth is done: that is how to find out what is left.
"""
