package source

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/scanner"
	gotoken "go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gorootFiles lists every nth Go file below GOROOT/src, at most limit of them. It fails the test when there are none.
func gorootFiles(t *testing.T, nth, limit int) []string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(strings.TrimSpace(string(out)), "src")
	var list []string
	n := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".go") && !strings.Contains(path, "testdata") {
			if n++; n%nth == 0 && len(list) < limit {
				list = append(list, path)
			}
		}
		return nil
	})
	if err != nil || len(list) == 0 {
		t.Fatalf("no Go files below %s: %v", root, err)
	}
	return list
}

// goTokens cuts data with go/scanner into texts, leaving out comments and the semicolons one may leave out.
func goTokens(data []byte) ([]string, bool) {
	var s scanner.Scanner
	ok := true
	file := gotoken.NewFileSet().AddFile("", -1, len(data))
	s.Init(file, data, func(gotoken.Position, string) { ok = false }, 0)
	var list []string
	for {
		_, tok, lit := s.Scan()
		switch {
		case tok == gotoken.EOF:
			return list, ok
		case tok == gotoken.SEMICOLON && lit == "\n":
			list = append(list, "\n")
		case tok.IsOperator():
			if (tok == gotoken.RPAREN || tok == gotoken.RBRACE) && len(list) > 0 && (list[len(list)-1] == "\n" || list[len(list)-1] == ";") {
				list = list[:len(list)-1]
			}
			list = append(list, tok.String())
		default:
			list = append(list, lit)
		}
	}
}

func ourTokens(s *stream) []string {
	var list []string
	for _, t := range s.tokens {
		switch {
		case t.kind >= kindComment:
		case t.kind == kindNewline:
			list = append(list, "\n")
		default:
			list = append(list, strings.ReplaceAll(string(s.text(t)), "\r", ""))
		}
	}
	return list
}

func TestGoTokensEqualGoScanner(t *testing.T) {
	t.Parallel()
	for _, path := range gorootFiles(t, 9, 500) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, ok := goTokens(data)
		if !ok {
			continue
		}
		sameTokens(t, path, want, ourTokens(lex("go", data)))
	}
}

func sameTokens(t *testing.T, path string, want, got []string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Fatalf("%s: token %d is %q, go/scanner says %q (before: %q)", path, i, got[i], want[i], want[max(0, i-3):i])
		}
	}
	if len(want) != len(got) {
		t.Fatalf("%s: %d tokens, go/scanner says %d", path, len(got), len(want))
	}
}

// TestGoReformatted strips the comments of real files and prints them in another style. Those are never code, and the trees
// are equal.
func TestGoReformatted(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	for _, path := range gorootFiles(t, 23, 250) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		stripped, ok := stripComments(t, path, data)
		if !ok {
			continue
		}
		effect := Effect("go", ClassSource, data, stripped)
		counts[effect]++
		if acts := lex("go", data); effect == EffectCode && acts.exact && !hasDirective(acts) {
			t.Errorf("%s: stripping its comments is called code", path)
		}
		if again := Effect("go", ClassSource, stripped, data); again != effect {
			t.Errorf("%s: %s one way, %s the other", path, effect, again)
		}
		wide := reprint(t, stripped)
		if e := Effect("go", ClassSource, stripped, wide); e != EffectFormat && e != EffectNone {
			t.Errorf("%s: printing with other indentation is called %s", path, e)
		}
	}
	t.Logf("effects of stripping: %v", counts)
	if counts[EffectComment] < 50 {
		t.Errorf("only %d files could be stripped", counts[EffectComment])
	}
}

func hasDirective(s *stream) bool {
	for _, t := range s.tokens {
		if t.kind == kindDirective {
			return true
		}
	}
	return false
}

// stripComments removes every comment, and checks that the tree without them is the same.
func stripComments(t *testing.T, path string, data []byte) ([]byte, bool) {
	t.Helper()
	files := gotoken.NewFileSet()
	withComments, err := parser.ParseFile(files, path, data, parser.ParseComments)
	if err != nil {
		return nil, false
	}
	stripped := append([]byte(nil), data...)
	for _, group := range withComments.Comments {
		for _, c := range group.List {
			from := files.Position(c.Pos()).Offset
			for i := from; i < from+len(c.Text) && i < len(stripped); i++ {
				if stripped[i] != '\n' {
					stripped[i] = ' '
				}
			}
		}
	}
	without, err := parser.ParseFile(files, path, stripped, parser.SkipObjectResolution)
	if err != nil {
		return nil, false
	}
	bare, err := parser.ParseFile(files, path, data, parser.SkipObjectResolution)
	if err != nil || dump(t, files, bare) != dump(t, files, without) {
		t.Fatalf("%s: the test changed the tree: %v", path, err)
	}
	return stripped, true
}

func dump(t *testing.T, files *gotoken.FileSet, f *ast.File) string {
	t.Helper()
	f.Comments = nil
	var b strings.Builder
	if err := printer.Fprint(&b, files, f); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func reprint(t *testing.T, data []byte) []byte {
	t.Helper()
	files := gotoken.NewFileSet()
	f, err := parser.ParseFile(files, "", data, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := (&printer.Config{Mode: printer.UseSpaces, Tabwidth: 3}).Fprint(&b, files, f); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}
