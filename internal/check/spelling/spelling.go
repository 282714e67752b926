// Package spelling finds common misspellings of English words on changed lines: in documents, in comments, and in the
// parts of identifiers. It promises to know only mistakes that are no words in British or American English, and never to
// look into code blocks, strings, addresses or names with digits.
package spelling

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/golangci/misspell"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/source"
)

// Name is the check's name, its kind and the first part of its rule ids.
const Name = "spelling"

// wordsPath lists words of the repository's own, one to a line; # starts a comment. It is read at base.
const wordsPath = ".adamant/words.txt"

// Check is the built-in check for spelling.
type Check struct{}

// Name returns "spelling".
func (Check) Name() string { return Name }

// Kind returns "spelling".
func (Check) Kind() string { return Name }

// corrections maps a misspelt word in lower case to its correction.
var corrections = sync.OnceValue(func() map[string]string {
	words := make(map[string]string, len(misspell.DictMain)/2)
	for i := 0; i+1 < len(misspell.DictMain); i += 2 {
		words[misspell.DictMain[i]] = misspell.DictMain[i+1]
	}
	return words
})

// Run checks the lines of both sides of every changed file that the other side has not.
func (Check) Run(ctx context.Context, in builtin.Input) (builtin.Result, error) {
	own, err := ownWords(ctx, in.Base)
	if err != nil {
		return builtin.Result{}, err
	}
	made := generated(in.Files)
	speller := speller{corrections: corrections(), own: own}
	want := func(path string) bool { return !made[path] && lexerFor(path, in.Language) != nil }
	return builtin.Scan(ctx, in, Name, want, func(f *builtin.File) error {
		speller.file(f, lexerFor(f.Path, in.Language))
		return nil
	})
}

func ownWords(ctx context.Context, tree builtin.Tree) (map[string]bool, error) {
	f, err := builtin.Open(ctx, tree, wordsPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("spelling: %w", err)
	}
	words := map[string]bool{}
	for line := range builtin.Lines(f.Text) {
		word, _, _ := strings.Cut(string(line.Text), "#")
		words[strings.ToLower(strings.TrimSpace(word))] = true
	}
	return words, nil
}

func generated(files []facts.File) map[string]bool {
	made := map[string]bool{}
	for _, f := range files {
		if f.Class == source.ClassGenerated || f.Class == source.ClassLockfile {
			made[f.Path] = true
		}
	}
	return made
}

type speller struct {
	corrections map[string]string
	own         map[string]bool
}

// file reports the misspelt words of the lines that the other side has not.
func (s speller) file(f *builtin.File, lex lexer) {
	var kinds []kind
	for line := range f.Changed() {
		if kinds == nil {
			kinds = lex(f.Text)
		}
		from, to := line.Offset, line.Offset+len(line.Text)
		for from < to {
			start := from
			for from < to && kinds[from] == kinds[start] {
				from++
			}
			switch kinds[start] {
			case prose:
				s.prose(f, start, from)
			case code:
				s.code(f, start, from)
			}
		}
	}
}

// prose checks the words of text[from:to], chunk by chunk: what stands between spaces and does not look like a name.
func (s speller) prose(f *builtin.File, from, to int) {
	for from < to {
		for from < to && isSpace(f.Text[from]) {
			from++
		}
		start := from
		for from < to && !isSpace(f.Text[from]) {
			from++
		}
		if !isName(bytes.Trim(f.Text[start:from], "()[]{}<>\"'*_.,;:!?")) {
			s.words(f, start, from, finding.Error, "word")
		}
	}
}

// code checks the parts of identifiers in text[from:to].
func (s speller) code(f *builtin.File, from, to int) {
	s.words(f, from, to, finding.Note, "identifier")
}

// words checks every run of letters of text[from:to]; a capital after a small letter starts a new one.
func (s speller) words(f *builtin.File, from, to int, severity finding.Severity, rule string) {
	for from < to {
		for from < to && !isLetter(f.Text[from]) {
			from++
		}
		start, upper := from, 0
		for from < to && isLetter(f.Text[from]) {
			if isUpper(f.Text[from]) {
				if from > start && !isUpper(f.Text[from-1]) {
					break
				}
				upper++
			}
			from++
		}
		if joined(f.Text, start, from) {
			continue
		}
		s.word(f, start, from, upper, severity, rule)
	}
}

// joined reports whether a run of letters is part of a longer word: a letter beyond ASCII or a digit touches it.
func joined(text []byte, start, end int) bool {
	touches := func(c byte) bool { return c >= 0x80 || c >= '0' && c <= '9' }
	return start > 0 && touches(text[start-1]) || end < len(text) && touches(text[end])
}

const longest = 32 // letters; longer runs are no words

func (s speller) word(f *builtin.File, start, end, upper int, severity finding.Severity, rule string) {
	length := end - start
	if length < 3 || length > longest || upper > 1 || upper == 1 && !isUpper(f.Text[start]) {
		return
	}
	var buffer [longest]byte
	lower := buffer[:length]
	for i, c := range f.Text[start:end] {
		lower[i] = c | 0x20
	}
	right, wrong := s.corrections[string(lower)]
	if !wrong || s.own[string(lower)] {
		return
	}
	if upper == 1 {
		right = strings.ToUpper(right[:1]) + right[1:]
	}
	word := string(f.Text[start:end])
	f.Report(finding.Finding{
		Rule: Name + "/" + rule, Severity: severity,
		Message: fmt.Sprintf("%q is a common misspelling of %q", word, right),
		Fix:     fmt.Sprintf("write %q; if the word is meant, add it to %s on the protected branch", right, wordsPath),
	}, start, string(lower), "")
}

// isName reports whether a chunk of prose is an address, a path or a name: nothing that spelling rules apply to.
func isName(chunk []byte) bool {
	if bytes.ContainsAny(chunk, "/\\@_$=<>{}[]|~^0123456789#&%") {
		return true
	}
	for i := 1; i+1 < len(chunk); i++ {
		c := chunk[i]
		if (c == '.' || c == ':') && isLetter(chunk[i-1]) && isLetter(chunk[i+1]) {
			return true // name.member, scheme:rest
		}
		if isUpper(c) && chunk[i-1] >= 'a' && chunk[i-1] <= 'z' {
			return true // camelCase
		}
	}
	return false
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
