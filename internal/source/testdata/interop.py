"""Reads pairs of Python sources, one JSON array a line, and prints how many have equal syntax trees."""
import ast
import difflib
import io
import json
import sys
import tokenize
import warnings

warnings.simplefilter("ignore")
counts = {"pairs": 0, "unparsable": 0, "wrong": 0, "missed": 0}


def tree(text):
    try:
        return ast.dump(ast.parse(text.encode("utf-8", "surrogateescape")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def tokens(text):
    skip = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING)
    try:
        read = io.BytesIO(text.encode("utf-8", "surrogateescape")).readline
        return [(t.type, "" if t.type in (tokenize.INDENT, tokenize.NEWLINE) else t.string) for t in tokenize.tokenize(read) if t.type not in skip]
    except (SyntaxError, tokenize.TokenError, IndentationError):
        return None


known = {}
for line in open(sys.argv[1], encoding="utf-8"):
    path, before, after, effect = json.loads(line)
    if path not in known:
        known[path] = tree(before), tokens(before)
    want, want_tokens = known[path]
    if want is None:
        counts["unparsable"] += 1
        continue
    counts["pairs"] += 1
    got = tree(after)
    if effect == "code":
        if got == want and tokens(after) == want_tokens:
            counts["missed"] += 1
    elif got != want or tokens(after) != want_tokens and want_tokens is not None:
        counts["wrong"] += 1
        print("WRONG", effect, path, file=sys.stderr)
        for change in difflib.unified_diff(before.split("\n"), after.split("\n"), n=1, lineterm=""):
            print(repr(change), file=sys.stderr)
print(json.dumps(counts))
