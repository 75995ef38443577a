#!/usr/bin/env python3
"""Breaks the engine of the live views on purpose, one way at a time, and sees that the tests notice.

    python3 tests/checks/mutations/mutations.py            builds each mutant and runs the tests; 1 when one survives
    python3 tests/checks/mutations/mutations.py --only h   one of them
    python3 tests/checks/mutations/mutations.py --check    each mutation still applies: its text is there once; builds nothing

A mutant is built from a copy of the tracked files in build/mutants, so the tree is never touched.
"""
import argparse
import dataclasses
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
ENGINE = "common/kql/incremental/"


@dataclasses.dataclass(frozen=True)
class Mutation:
    key: str
    what: str
    file: str
    old: str  # exactly once in the file
    new: str
    test: str = "kql_views_test"  # the program that must fail


MUTATIONS = [
    Mutation("a", "`time >= ago(x)` means `>`", ENGINE + "temporal.cc",
             "case Op::kGreaterOrEqual: return Bound::kLeaveAfter; ", "case Op::kGreaterOrEqual: return Bound::kLeaveAt; "),
    Mutation("b", "a tick is not atomic: what cancels out within it is seen", ENGINE + "view.cc",
             "return Consolidate(*changes);", "return Consolidate(Deltas()).rows() == 0 ? *std::move(changes) : Deltas();"),
    Mutation("c", "the default join is an inner join", ENGINE + "planner.cc",
             "if (relation.join == JoinKind::kInnerUnique) {", "if (relation.join == JoinKind::kInnerUnique && relation.left_keys.empty()) {"),
    Mutation("d", "null != x is false", "common/kql/compare.cc",
             "return a.is_null() && b.is_null() ? Value() : Value::Bool(true);", "return a.is_null() && b.is_null() ? Value() : Value::Bool(false);",
             test="kql_test"),
    Mutation("e", "a row leaves at its end instead of a tick after it", ENGINE + "window.cc",
             "case TemporalCondition::Bound::kLeaveAfter: leave = std::min(leave, SaturatingAdd(end, 1)); break;",
             "case TemporalCondition::Bound::kLeaveAfter: leave = std::min(leave, end); break;"),
    Mutation("f", "a late row takes its value along when it leaves, though a newer one has it", ENGINE + "live_aggregate.cc",
             "    if (at->second != 0) return;\n    bytes_ -= kMapNode", "    if (weight > 0 && at->second != 0) return;\n    bytes_ -= kMapNode"),
    Mutation("g", "a row on the right of an anti join does not take the left ones back", ENGINE + "join.cc",
             "if (before == after) return;", "if (before == after || !had) return;"),
    Mutation("h", "left rows do not come back when the right one has left", ENGINE + "join.cc",
             "if (before == after) return;", "if (before == after || had) return;"),
    Mutation("i", "min and max keep an extreme whose row has left", ENGINE + "live_aggregate.cc",
             "  explicit Extreme(bool max) : max_(max) {}\n"
             "  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position) override { AddValue(arguments[0], weight); }",
             "  explicit Extreme(bool max) : max_(max) {}\n"
             "  void Add(const std::vector<Value>& arguments, std::int64_t weight, Position) override { if (weight > 0) AddValue(arguments[0], weight); }"),
    # Beyond the nine that the model of live views is known to stand or fall with.
    Mutation("j", "rows leave in the order in which they came", ENGINE + "due_queue.h",
             "return std::pair(a.due, a.sequence) > std::pair(b.due, b.sequence);", "return a.sequence > b.sequence;"),
    Mutation("k", "an inner join misses pairs of rows of one tick", ENGINE + "join.cc",
             "    AddSide(*inputs[0], left_keys_, false, out);\n    AddSide(*inputs[1], right_keys_, true, out);",
             "    DeltaBuilder late(shape_.outputs.size());\n    AddSide(*inputs[0], left_keys_, false, out);\n"
             "    AddSide(*inputs[1], right_keys_, true, inputs[0]->rows() > 0 ? late : out);"),
    Mutation("l", "a change of a subquery leaves the rows before it as they are", ENGINE + "dependent.cc",
             "out = Joined(std::move(out), Compute(held));", "out = Deltas();"),
    Mutation("m", "a group that loses its last row stays", ENGINE + "aggregate.cc",
             "const bool gone = group.rows == 0 && !relation_.keys.empty();", "const bool gone = group.rows < 0 && !relation_.keys.empty();"),
    Mutation("n", "an event from the future is seen at once", ENGINE + "window.cc",
             "const bool later = interval->enter > now;", "const bool later = false;"),
]


def count_of(tree, mutation):
    return (tree / mutation.file).read_text().count(mutation.old)


def check():
    bad = [m for m in MUTATIONS if count_of(ROOT, m) != 1]
    for mutation in bad:
        print(f"mutation {mutation.key} ({mutation.what}): its text is {count_of(ROOT, mutation)} times in {mutation.file}, it must be there once:\n{mutation.old}")
    print(f"{len(MUTATIONS)} mutations, {len(bad)} no longer apply")
    return 1 if bad else 0


def copy_tree(to):
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True).stdout
    wanted = {name for name in names.decode().split("\0") if name and (ROOT / name).is_file()}
    for old in [path for path in to.rglob("*") if path.is_file() and "build" not in path.relative_to(to).parts[:1]]:
        if str(old.relative_to(to)) not in wanted:
            old.unlink()
    for name in wanted:
        target = to / name
        if target.is_file() and target.read_bytes() == (ROOT / name).read_bytes():
            continue  # its time stays, so it is not compiled again
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)


def build(tree, tests):
    result = subprocess.run([str(tree / "scripts/build"), "dev", *tests], cwd=tree, capture_output=True, text=True)
    return "" if result.returncode == 0 else result.stdout[-3000:] + result.stderr[-3000:]


def run(tree, test):
    """The first test that fails; None when all pass."""
    result = subprocess.run([str(tree / "build/dev/bin" / test), "--gtest_fail_fast"], cwd=tree, capture_output=True, text=True, timeout=900)
    if result.returncode == 0:
        return None
    failed = [line.split()[3] for line in result.stdout.splitlines() if line.startswith("[  FAILED  ]") and "." in line]
    return failed[0] if failed else f"ended with {result.returncode}"


def try_mutation(tree, mutation):
    """(verdict, seconds); the verdict of a mutant that is found names the test."""
    start = time.monotonic()
    path = tree / mutation.file
    text = path.read_text()
    if text.count(mutation.old) != 1:
        return "DOES NOT APPLY", 0
    path.write_text(text.replace(mutation.old, mutation.new))
    try:
        errors = build(tree, [mutation.test])
        if errors:
            print(errors)
            return "DOES NOT BUILD", time.monotonic() - start
        found = run(tree, mutation.test)
    finally:
        path.write_text(text)
    return f"found by {found}" if found else "SURVIVES", time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only see that each mutation applies")
    parser.add_argument("--only", default="", help="keys of the mutations to try, such as 'gh'")
    arguments = parser.parse_args()
    if arguments.check:
        return check()
    chosen = [m for m in MUTATIONS if not arguments.only or m.key in arguments.only]
    tests = sorted({m.test for m in chosen})
    tree = ROOT / "build" / "mutants"
    tree.mkdir(parents=True, exist_ok=True)
    copy_tree(tree)
    errors = build(tree, tests)
    if errors:
        print(errors)
        return 1
    for test in tests:  # else nothing is said by a test that fails
        if run(tree, test) is not None:
            print(f"{test} fails without any mutation")
            return 1
    bad = 0
    print(f"{'':3}{'mutation':<80}{'seconds':>8}  verdict", flush=True)
    for mutation in chosen:
        verdict, seconds = try_mutation(tree, mutation)
        bad += not verdict.startswith("found")
        print(f"{mutation.key:3}{mutation.what:<80}{seconds:>8.0f}  {verdict}", flush=True)
    print(f"{len(chosen)} mutations, {bad} not found")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
