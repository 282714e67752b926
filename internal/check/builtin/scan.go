package builtin

import (
	"bytes"
	"context"
	"fmt"
	"sort"

	"github.com/adamant-os/adamant/internal/finding"
)

// File is one side of one changed file, and the place where its findings are collected.
type File struct {
	Path   string
	Merged bool   // the merged side; false at base
	Text   []byte // content
	Other  []byte // content of the other side, nil when it has none

	findings []finding.Finding
	seen     map[string]int
	starts   []int // offsets at which lines start, made on first use
}

// Report adds a finding at a byte offset of the text; a negative offset means the whole file. It fills in path, line,
// column, tool and fingerprint. Snippet is what the violation consists of, normalised so that moving it changes nothing;
// symbol is the enclosing declaration, "" when unknown.
func (f *File) Report(v finding.Finding, offset int, snippet, symbol string) {
	if offset >= 0 {
		v.Line, v.Column = f.Position(offset)
	}
	f.ReportLine(v, snippet, symbol)
}

// ReportLine is Report for a finding whose line and column are known.
func (f *File) ReportLine(v finding.Finding, snippet, symbol string) {
	key := v.Rule + "\x00" + snippet + "\x00" + symbol
	if f.seen == nil {
		f.seen = map[string]int{}
	}
	v.Path, v.Tool = f.Path, "adamant"
	v.Fingerprint = finding.Fingerprint(v.Rule, snippet, symbol, f.seen[key])
	f.seen[key]++
	f.findings = append(f.findings, v)
}

// Findings returns what was reported so far.
func (f *File) Findings() []finding.Finding { return f.findings }

// Position turns a byte offset into a 1-based line and column, both in bytes.
func (f *File) Position(offset int) (line, column int) {
	if f.starts == nil {
		f.starts = lineStarts(f.Text)
	}
	line = sort.SearchInts(f.starts, offset+1)
	return line, offset - f.starts[line-1] + 1
}

func lineStarts(text []byte) []int {
	starts := make([]int, 1, 1+bytes.Count(text, newline))
	for at := 0; ; {
		next := bytes.IndexByte(text[at:], '\n')
		if next < 0 {
			return starts
		}
		at += next + 1
		starts = append(starts, at)
	}
}

var newline = []byte{'\n'}

// pair names one changed file on both sides; "" where a side has none.
type pair struct{ base, merged string }

func (in Input) pairs() []pair {
	if in.All {
		paths := in.Merged.Paths()
		pairs := make([]pair, len(paths))
		for i, path := range paths {
			pairs[i].merged = path
		}
		return pairs
	}
	pairs := make([]pair, 0, len(in.Files))
	for _, f := range in.Files {
		p := pair{base: f.Path, merged: f.Path}
		switch f.Status {
		case "added":
			p.base = ""
		case "deleted":
			p.merged = ""
		case "renamed":
			p.base = f.OldPath
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// Scan runs scan over both sides of every changed file that want accepts, base first, and concludes. A file that is too
// large becomes a finding CHECK/unread; binary files, submodules, symbolic links and LFS pointers are passed over.
func Scan(ctx context.Context, in Input, check string, want func(path string) bool, scan func(*File) error) (Result, error) {
	var base, merged []finding.Finding
	for _, p := range in.pairs() {
		if p.base != "" && !want(p.base) {
			p.base = ""
		}
		if p.merged != "" && !want(p.merged) {
			p.merged = ""
		}
		before, after, err := read(ctx, in, check, p)
		if err != nil {
			return Result{}, err
		}
		for _, side := range []*File{before, after} {
			if side == nil {
				continue
			}
			if side.Text != nil {
				if err := scan(side); err != nil {
					return Result{}, fmt.Errorf("%s: scan %s: %w", check, side.Path, err)
				}
			}
			if side.Merged {
				merged = append(merged, side.findings...)
			} else {
				base = append(base, side.findings...)
			}
		}
	}
	return Conclude(base, merged), nil
}

func read(ctx context.Context, in Input, check string, p pair) (before, after *File, err error) {
	if before, err = readSide(ctx, in.Base, check, p.base); err != nil {
		return nil, nil, err
	}
	if after, err = readSide(ctx, in.Merged, check, p.merged); err != nil {
		return nil, nil, err
	}
	if after != nil {
		after.Merged = true
	}
	if before != nil && after != nil {
		before.Other, after.Other = after.Text, before.Text
	}
	return before, after, nil
}

func readSide(ctx context.Context, tree Tree, check, path string) (*File, error) {
	if path == "" {
		return nil, nil
	}
	file, err := Open(ctx, tree, path)
	if reason, ok := Unread(err); ok {
		if reason != TooLarge {
			return nil, nil
		}
		file = &File{Path: path}
		file.ReportLine(finding.Finding{
			Rule: check + "/unread", Severity: finding.Warning,
			Message: "the file is too large to be checked, so nothing is known about it",
			Fix:     "make the file smaller, keep it out of git, or raise limits.fileBytes in .adamant/adamant.yaml",
		}, "", "")
		return file, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", check, err)
	}
	return file, nil
}

// Open reads one file of a tree. Text of an empty file is empty, never nil.
func Open(ctx context.Context, tree Tree, path string) (*File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	text, err := tree.Read(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if text == nil {
		text = []byte{}
	}
	return &File{Path: path, Text: text}, nil
}
