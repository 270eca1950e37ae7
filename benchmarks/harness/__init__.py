"""What all benchmarks share: builds in turns, processes that make the calls, what they use, rows, and goals.

A benchmark is a module that declares servers and cases (`harness.case`) and hands them to `harness.command.run`. A
case has sides, of which those that are ours run once for each build; everything that is timed runs in child processes
(`harness.child`) with the modules of its build, by a function of `benchmarks.calls` or `benchmarks.peers`. To add
a row, add a case or a goal to the benchmark's list; what it calls must be public, or stand in `benchmarks.adapters`.
A new benchmark is listed in `benchmarks.goals` too.
"""
