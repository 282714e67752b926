#!/usr/bin/env python3
"""Label past changes and fit the weights of the risk score. docs/risk.md tells how the shipped weights were found with it.

  risk-eval.py label REPO > labels.tsv
      Which first-parent changes of a git repository wrote lines that a later fix took away (SZZ in one pass: one owner
      for each line of each file, no blame). Python's standard library and git only.

  risk-eval.py fit NAME=HISTORY.tsv,LABELS.tsv ... [--out NAME]
      Weights from `adamant risk history` tables and labels. Only the oldest 70 % of each project are read, with the labels
      that were known at the end of them. --out leaves a project out (leave-one-project-out). Needs Debian's
      python3-sklearn.

`adamant risk evaluate` gives the figures; this script chooses nothing by looking at them.
"""
import argparse
import csv
import os
import re
import subprocess
import sys

SOURCE = {".go", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".py", ".rs", ".c", ".h", ".cc", ".cpp", ".java", ".vue", ".svelte"}
ASIDE = re.compile(
    r"(^|/)(tests?|__tests__|testdata|testing|fixtures?|specs?|examples?|docs?|vendor|node_modules|third_party|dist|benchmark|playground)/"
    r"|_test\.|\.test\.|\.spec\.|(^|/)test_|\.min\.js|\.pb\.go|/generated", re.I)
FIX = re.compile(r"\b(fix(e[sd]|ing|up)?|bugs?|bugfix|regressions?|crash(es)?|panics?|leaks?|hotfix|revert(s|ed)?)\b", re.I)
FIX_BODY = re.compile(r"\bfix(es|ed)?:?\s+(\S+/\S+)?#\d+|^Fixes: [0-9a-f]{8,}", re.I | re.M)
FEATURE = re.compile(r"^(\S+: *)?(add|implement|support|feat|allow|introduce|improve|refactor|update|upgrade|bump|use|move|rename|remove)", re.I)
NOT_FIX = re.compile(r"\b(typos?|lint(er|ing)?|spelling|grammar|golint|vet|flaky?)\b|^(docs?|tests?|ci|chore|style|build|release)(\(|:|!)", re.I)
IDLE = re.compile(r"^\s*($|//|#|/\*|\*|\*/|[{}()\[\];,]+\s*$)")
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
FILES = re.compile(r'diff --git "?a/(.*?)"? "?b/(.*?)"?$')


def is_fix(message):
    subject, _, body = message.partition("\n")
    named = FIX.search(subject) or (FIX_BODY.search(body) and not FEATURE.search(subject))
    return bool(named) and not NOT_FIX.search(subject)


class Labeller:
    """Walks a history oldest first and remembers which change wrote each line."""

    def __init__(self):
        self.owner = {}    # path -> change number of each line
        self.changes = []  # [hash, time, lines added, lines deleted, touches source]
        self.fixed_by = {} # change number -> numbers of the fixes that took its lines away
        self.fix = False

    def begin(self, name, time, message):
        self.changes.append([name, int(time), 0, 0, False])
        self.fix = is_fix(message)

    def file(self, old, new, status, hunks):
        """hunks: (old start, old count, new count, deleted lines)"""
        if status == "R" and old in self.owner:
            self.owner[new] = self.owner.pop(old)
        if os.path.splitext(new)[1].lower() not in SOURCE or ASIDE.search(new):
            return
        now = self.changes[-1]
        now[4] = True
        lines, number = self.owner.get(new, []), len(self.changes) - 1
        result, done = [], 0
        for start, count, added, deleted in hunks:
            now[2], now[3] = now[2] + added, now[3] + count
            first = start - 1 if count else start
            if self.fix:
                for i, text in enumerate(deleted):
                    if not IDLE.match(text) and first + i < len(lines):
                        self.fixed_by.setdefault(lines[first + i], []).append(number)
            result += lines[done:first] + [number] * added
            done = first + count
        self.owner[new] = result + lines[done:]
        if status == "D":
            del self.owner[new]

    def write(self, out):
        print("hash\ttime\tla\tld\tbuggy\tfirst_fix_days", file=out)
        for number, (name, time, added, deleted, source) in enumerate(self.changes):
            if not source:
                continue
            fixes = [self.changes[f][1] for f in self.fixed_by.get(number, []) if f != number]
            days = f"{(min(fixes) - time) / 86400:.1f}" if fixes else ""
            print(name, time, added, deleted, int(bool(fixes)), days, sep="\t", file=out)


def label(repo):
    log = ["git", "-C", repo, "-c", "core.quotepath=off", "log", "--first-parent", "--diff-merges=first-parent", "--reverse",
           "-p", "-U0", "-w", "-M", "--no-color", "--no-ext-diff", "--no-textconv", "--format=%x01%H%x02%ct%x02%B%x03", "HEAD"]
    git = subprocess.Popen(log, stdout=subprocess.PIPE)
    labels, head, hunks, status, paths, minus, plus = Labeller(), None, [], "M", None, 0, 0

    def flush():
        nonlocal paths, hunks
        if paths:
            labels.file(*paths, status, hunks)
        paths, hunks = None, []

    for raw in git.stdout:
        line = raw.decode("utf-8", "replace").rstrip("\n")
        if head is not None or line.startswith("\x01") and not (minus or plus):
            flush()
            head = line if head is None else head + "\n" + line
            if head.endswith("\x03"):
                labels.begin(*head[1:-1].split("\x02", 2))
                head = None
        elif minus and line.startswith("-"):
            minus -= 1
            hunks[-1][3].append(line[1:])
        elif plus and line.startswith("+"):
            plus -= 1
        elif line.startswith("diff --git "):
            flush()
            match = FILES.match(line)
            paths, status = ([match[1], match[2]] if match else None), "M"
        elif line.startswith("@@") and paths:
            match = HUNK.match(line)
            minus, plus = int(match[2] or 1), int(match[4] or 1)
            hunks.append((int(match[1]), minus, plus, []))
        elif paths and line.startswith("rename from "):
            status, paths[0] = "R", line[12:]
        elif paths and line.startswith("rename to "):
            paths[1] = line[10:]
        elif paths and line.startswith("deleted file"):
            status = "D"
    flush()
    if git.wait() != 0:
        sys.exit(f"git log ended with {git.returncode}: labels would be incomplete (a partial or damaged clone?)")
    labels.write(sys.stdout)


# The terms of the score: column of the history table, its unit, and whether it counts down from "never".
TERMS = [("identifiers", 1, False), ("characters", 1, False), ("places", 1, False), ("conditions", 1, False),
         ("recentFixes", 1000, False), ("fixAge", 1, True), ("fileAge", 1, False)]
NEVER = 100_000
BLOCKS = 4          # fixed effects: this many stretches of time in each project
PER_LOGIT = 125     # milli-units for a factor e in the odds


def project(history, labels):
    """Features, labels known at the split, of the oldest 70 % of the mature changes."""
    import numpy as np
    table = {row["commit"]: row for row in csv.DictReader(open(history), delimiter="\t")}
    rows = sorted(csv.DictReader(open(labels), delimiter="\t"), key=lambda r: int(r["time"]))
    last = int(rows[-1]["time"]) - 365 * 86400
    rows = [r for r in rows if int(r["time"]) <= last and r["hash"] in table]
    split = int(len(rows) * 0.7)
    end = int(rows[split]["time"])
    features, known = [], []
    for row in rows[:split]:
        values = []
        for name, unit, down in TERMS:
            x = int(table[row["hash"]][name])
            log = np.log2(1 + min(x, NEVER) / unit) if down else np.log2(1 + x / unit)
            values.append(np.log2(1 + NEVER) - log if down else log)
        features.append(values)
        days = row.get("first_fix_days") or ""
        known.append(int(bool(days) and int(row["time"]) + float(days) * 86400 <= end))
    return np.array(features), np.array(known)


def fit(projects, out):
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    x, y, weight, block = [], [], [], []
    for number, (name, (history, labels)) in enumerate(p for p in projects.items() if p[0] != out):
        a, b = project(history, labels)
        x.append(a)
        y.append(b)
        weight.append(np.full(len(b), 1000 / len(b)))  # every project counts the same
        block.append(number * BLOCKS + np.minimum(BLOCKS - 1, np.arange(len(b)) * BLOCKS // len(b)))
        print(f"{name}: {len(b)} changes, {b.sum()} known to be buggy", file=sys.stderr)
    x, y, weight, block = map(np.concatenate, (x, y, weight, block))
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    effects = np.eye(block.max() + 1)[block] * 3
    model = LogisticRegression(C=0.1, max_iter=1000).fit(np.hstack([(x - mean) / deviation, effects]), y, sample_weight=weight)
    print("term\tper doubling, logit\tmilli-units")
    for (name, _, _), b, d in zip(TERMS, model.coef_[0], deviation):
        print(f"{name}\t{b / d:+.4f}\t{round(PER_LOGIT * b / d):+d}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("label").add_argument("repo")
    fitting = verbs.add_parser("fit")
    fitting.add_argument("projects", nargs="+", metavar="NAME=HISTORY,LABELS")
    fitting.add_argument("--out", help="leave this project out")
    args = parser.parse_args()
    if args.verb == "label":
        label(args.repo)
        return
    fit({name: files.split(",") for name, files in (p.split("=", 1) for p in args.projects)}, args.out)


main()
