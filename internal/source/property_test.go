package source

import (
	"bytes"
	"fmt"
	"go/scanner"
	gotoken "go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// goPieces cuts data with go/scanner into tokens with what is between them.
func goPieces(data []byte) (gaps, tokens []string) {
	var s scanner.Scanner
	file := gotoken.NewFileSet().AddFile("", -1, len(data))
	s.Init(file, data, func(gotoken.Position, string) {}, scanner.ScanComments)
	last := 0
	for {
		pos, tok, lit := s.Scan()
		if tok == gotoken.EOF {
			return append(gaps, string(data[last:])), tokens
		}
		if tok == gotoken.SEMICOLON && lit == "\n" {
			continue
		}
		text := lit
		if tok.IsOperator() && tok != gotoken.COMMENT {
			text = tok.String()
		}
		offset := file.Offset(pos)
		gaps, tokens = append(gaps, string(data[last:offset])), append(tokens, text)
		last = offset + len(text)
	}
}

func join(gaps, tokens []string) []byte {
	var b bytes.Buffer
	for i, t := range tokens {
		b.WriteString(gaps[i])
		b.WriteString(t)
	}
	b.WriteString(gaps[len(tokens)])
	return b.Bytes()
}

// sampleFiles are real Go files without directives, carriage returns or comments that could be any.
func sampleFiles(t *testing.T, limit int) [][]byte {
	t.Helper()
	var list [][]byte
	for _, path := range gorootFiles(t, 31, 400) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if s := lex("go", data); len(data) < 30000 && s.exact && !hasDirective(s) && len(list) < limit {
			list = append(list, data)
		}
	}
	return list
}

// TestGoPadding inserts comments and white space where go/scanner then sees the same tokens: never code.
func TestGoPadding(t *testing.T) {
	t.Parallel()
	files := sampleFiles(t, 60)
	paddings := []string{" ", "\t", "  ", "\n", "\n\n", " /* x */ ", " // x\n", "/* a\nb */", "\r\n"}
	trivial := 0
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SampledFrom(files).Draw(t, "file")
		gaps, tokens := goPieces(data)
		for range 3 {
			i := rapid.IntRange(0, len(gaps)-1).Draw(t, "gap")
			if i > 0 && strings.HasPrefix(tokens[i-1], "//") {
				continue
			}
			gaps[i] = rapid.SampledFrom(paddings).Draw(t, "padding") + gaps[i]
		}
		padded := join(gaps, tokens)
		before, _ := goTokens(data)
		after, ok := goTokens(padded)
		effect := Effect("go", ClassSource, data, padded)
		same := ok && slices.Equal(before, after)
		if same && effect == EffectCode {
			t.Fatalf("equal tokens, but code:\n%s", padded)
		}
		if !same && effect != EffectCode {
			t.Fatalf("other tokens, but %s:\n%s", effect, padded)
		}
		if same {
			trivial++
		}
	})
	if trivial < 10 {
		t.Errorf("only %d paddings kept the tokens", trivial)
	}
}

// TestGoOneToken changes, removes or repeats one token of real files: always code, unless go/scanner sees no difference.
func TestGoOneToken(t *testing.T) {
	t.Parallel()
	files := sampleFiles(t, 60)
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SampledFrom(files).Draw(t, "file")
		gaps, tokens := goPieces(data)
		i := rapid.IntRange(0, len(tokens)-1).Draw(t, "token")
		if strings.HasPrefix(tokens[i], "/") {
			return
		}
		tokens[i] = rapid.SampledFrom([]string{"", "x", tokens[i] + " " + tokens[i], "-" + tokens[i], "\"s\"", "0x1p-2", ";"}).Draw(t, "instead")
		changed := join(gaps, tokens)
		before, _ := goTokens(data)
		after, _ := goTokens(changed)
		effect := Effect("go", ClassSource, data, changed)
		if !slices.Equal(before, after) && effect != EffectCode {
			t.Fatalf("token %d: %s", i, effect)
		}
	})
}

// TestOneTokenIsCode changes one token of every edit in the table to another of its kind: code in every language.
func TestOneTokenIsCode(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, c := range effectCases {
		data := []byte(strings.ReplaceAll(c.after, "|", "\n"))
		s := lex(c.language, data)
		if s == nil {
			continue
		}
		for _, tok := range s.tokens {
			if tok.kind > kindPunct {
				continue
			}
			for _, instead := range []string{"", "q7", "\"q\"", "+"} {
				changed := slices.Concat(data[:tok.start], []byte(instead), data[tok.end:])
				if string(s.text(tok)) == instead || equalTokens(c.language, data, changed) {
					continue
				}
				checked++
				if e := Effect(c.language, ClassSource, data, changed); e != EffectCode {
					t.Errorf("%s: %q to %q is called %s", c.language, data, changed, e)
				}
			}
		}
	}
	t.Logf("%d changes of one token", checked)
}

// equalTokens: replacing one of two equal neighbours, such as a semicolon Go adds anyway.
func equalTokens(language string, a, b []byte) bool {
	return fmt.Sprint(ourTokens(lex(language, a))) == fmt.Sprint(ourTokens(lex(language, b)))
}

func TestUnknownIsCode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOf(rapid.Byte()).Draw(t, "a"), rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		if e := Effect("cobol", ClassSource, a, b); e != EffectCode && !bytes.Equal(a, b) {
			t.Fatal(e)
		}
	})
}
