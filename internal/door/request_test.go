package door

import (
	"bytes"
	"errors"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
)

var testGrammar = Grammar{HexLen: 40, MaxCommands: 4, MaxOptions: 3, MaxBytes: 64 << 10}

const (
	zeros = "0000000000000000000000000000000000000000"
	ones  = "1111111111111111111111111111111111111111"
	twos  = "2222222222222222222222222222222222222222"
)

func pkts(parts ...string) string {
	var out []byte
	for _, p := range parts {
		if p == flushPkt {
			out = append(out, p...)
			continue
		}
		out = appendPkt(out, p)
	}
	return string(out)
}

func first(ref string) string { return zeros + " " + ones + " " + ref + "\x00 " + rawCaps }

func TestParseRequest(t *testing.T) {
	t.Parallel()
	text := pkts(first("refs/for/main"), ones+" "+zeros+" refs/heads/agents/a/t\n", flushPkt) + "PACKrest"
	r := strings.NewReader(text)
	req, err := ParseRequest(r, testGrammar)
	want := []Command{{"refs/for/main", "", ones}, {"refs/heads/agents/a/t", ones, ""}}
	if err != nil || !reflect.DeepEqual(req.Commands, want) || !slices.Equal(req.Capabilities, strings.Fields(rawCaps)) {
		t.Errorf("%+v, %v", req, err)
	}
	if r.Len() != len("PACKrest") {
		t.Errorf("%d bytes are left: it read into the pack", r.Len())
	}
	if req, err := ParseRequest(strings.NewReader("0000"), testGrammar); err != nil || !req.Probe {
		t.Errorf("probe: %+v, %v", req, err)
	}
	options := pkts(strings.Replace(first("refs/for/main"), "agent", "push-options agent", 1), flushPkt, "topic=x", "title=y z", flushPkt)
	if req, err := ParseRequest(strings.NewReader(options), testGrammar); err != nil || !slices.Equal(req.Options, []string{"topic=x", "title=y z"}) {
		t.Errorf("options: %+v, %v", req, err)
	}
}

func TestParseRequestRefuses(t *testing.T) {
	t.Parallel()
	command := func(ref string) string { return pkts(first(ref), flushPkt) }
	many := []string{first("refs/for/a")}
	for _, name := range strings.Fields("b c d e") {
		many = append(many, zeros+" "+ones+" refs/for/"+name)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {"", "ends before its flush"},
		"no flush":          {pkts(first("refs/for/a")), "ends before its flush"},
		"push certificate":  {pkts("push-cert\x00 "+rawCaps, "certificate version 0.1", flushPkt), "push certificates"},
		"certificate later": {pkts(first("refs/for/a"), "push-cert\x00x", flushPkt), "push certificates"},
		"shallow":           {pkts("shallow "+ones, first("refs/for/a"), flushPkt), "shallow clone"},
		"shallow later":     {pkts(first("refs/for/a"), "shallow "+ones, flushPkt), "a command is"},
		"short hash":        {pkts("0 1 refs/for/a\x00 "+rawCaps, flushPkt), "40 digits"},
		"sha256 names":      {pkts(strings.Repeat("0", 64)+" "+strings.Repeat("1", 64)+" refs/for/a\x00 "+rawCaps, flushPkt), "a command is"},
		"upper case hex":    {pkts(zeros+" "+strings.Repeat("A", 40)+" refs/for/a\x00 "+rawCaps, flushPkt), "lower-case hex"},
		"sha256 format":     {pkts(zeros+" "+ones+" refs/for/a\x00 report-status side-band-64k object-format=sha256", flushPkt), "objects of sha1"},
		"nothing to do":     {pkts(zeros+" "+zeros+" refs/for/a\x00 "+rawCaps, flushPkt), "changes nothing"},
		"unknown":           {pkts(zeros+" "+ones+" refs/for/a\x00 "+rawCaps+" push-cert=abc", flushPkt), "is not known here"},
		"twice":             {pkts(zeros+" "+ones+" refs/for/a\x00 "+rawCaps+" report-status", flushPkt), "stands twice"},
		"no side-band":      {pkts(zeros+" "+ones+" refs/for/a\x00 report-status", flushPkt), "side-band-64k"},
		"caps missing":      {pkts(zeros+" "+ones+" refs/for/a", flushPkt), "on the first command"},
		"caps twice":        {pkts(first("refs/for/a"), zeros+" "+ones+" refs/for/b\x00 "+rawCaps, flushPkt), "on the first command"},
		"many":              {pkts(append(many, flushPkt)...), "more than 4 commands"},
		"two for one":       {pkts(first("refs/for/a"), zeros+" "+twos+" refs/for/a", flushPkt), "two commands for"},
		"case":              {pkts(first("refs/for/a"), zeros+" "+ones+" refs/for/A", flushPkt), "cannot lie beside"},
		"folder":            {pkts(first("refs/for/a/b"), zeros+" "+ones+" refs/for/a", flushPkt), "cannot lie beside"},
		"dots":              {command("refs/for/../../config"), "holds .."},
		"lock":              {command("refs/for/a.lock"), ".lock"},
		"LOCK":              {command("refs/for/a.LOCK/x"), ".lock"},
		"newline":           {command("refs/for/a\nb"), "cannot be seen"},
		"right to left":     {command("refs/for/a\u202eb"), "cannot be seen"},
		"not utf-8":         {command("refs/for/\xff"), "cannot be seen"},
		"space":             {command("refs/for/a b"), "space"},
		"HEAD":              {command("HEAD"), "does not begin with refs/"},
		"absolute":          {command("/etc/passwd"), "does not begin with refs/"},
		"at":                {command("refs/for/a@{1}"), "@{"},
		"dash":              {command("refs/for/--upload-pack=x"), "dash"},
		"delimiter":         {"0001" + pkts(first("refs/for/a"), flushPkt), "length 1"},
		"empty line":        {"0004" + pkts(first("refs/for/a"), flushPkt), "length 4"},
		"no hex":            {"00zz", "is not the length"},
		"signed length":     {"-001", "is not the length"},
		"too long a line":   {"ffff", "not allowed"},
		"cut":               {"0040" + ones, "pkt-line"},
		"option hides":      {pkts(strings.Replace(first("refs/for/a"), "agent", "push-options agent", 1), flushPkt, "a\x1b[2J", flushPkt), "push option"},
		"option, no flush":  {pkts(strings.Replace(first("refs/for/a"), "agent", "push-options agent", 1), flushPkt, "a"), "ends before"},
		"options":           {pkts(strings.Replace(first("refs/for/a"), "agent", "push-options agent", 1), flushPkt, "a", "b", "c", "d", flushPkt), "push options"},
	} {
		req, err := ParseRequest(strings.NewReader(c.text), testGrammar)
		var grammar *GrammarError
		if !errors.As(err, &grammar) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v; want %q", name, req, err, c.want)
		}
	}
	long := Grammar{HexLen: 40, MaxCommands: 1000, MaxOptions: 1, MaxBytes: 1000}
	var lines []string
	for _, c := range strings.Split("abcdefghijklmnopqrst", "") {
		lines = append(lines, zeros+" "+ones+" refs/for/"+c)
	}
	lines[0] = first("refs/for/a")
	if _, err := ParseRequest(strings.NewReader(pkts(lines...)), long); err == nil || !strings.Contains(err.Error(), "1000 bytes") {
		t.Errorf("bytes: %v", err)
	}
}

// Whatever is accepted means to git what it means to us: it is written again, and that reads the same.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(pkts(first("refs/for/main"), flushPkt)))
	f.Add([]byte(pkts(first("refs/for/main"), ones+" "+twos+" refs/heads/agents/a/b\n", flushPkt) + "PACK"))
	f.Add([]byte("0000"))
	f.Add([]byte(pkts("shallow "+ones, first("refs/for/a"), flushPkt)))
	f.Add([]byte(pkts(strings.Replace(first("refs/for/main"), "agent", "push-options agent", 1), flushPkt, "topic=x", flushPkt)))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		req, err := ParseRequest(r, testGrammar)
		if err != nil {
			return
		}
		again, err := ParseRequest(bytes.NewReader(req.Encode(40)), testGrammar)
		if err != nil || !reflect.DeepEqual(req, again) {
			t.Fatalf("%q reads as %+v, written again as %+v, %v", data, req, again, err)
		}
		if len(req.Commands) > testGrammar.MaxCommands || len(req.Options) > testGrammar.MaxOptions {
			t.Fatalf("%+v is over the limits", req)
		}
		for _, c := range req.Commands {
			if refProblem(c.Ref) != "" || c.Old == c.New {
				t.Fatalf("%+v was accepted", c)
			}
		}
	})
}

// Every name that we take, git takes too.
func TestRefNamesAgainstGit(t *testing.T) {
	t.Parallel()
	parts := []string{"a", "A", ".a", "a.", "a..b", "a.lock", "a.LOCK", "@", "@{", "a@{b", "-a", "a b", "a~", "a^", "a:", "a?", "a*", "a[", `a\b`, "", "\x01", "\x7f", "ä", "\u200b", "%", "a/b", "/", "{}", "~1", "a.lock/b"}
	taken := 0
	for _, p := range parts {
		for _, q := range parts {
			name := "refs/" + p + "/" + q
			if strings.ContainsRune(name, 0) || refProblem(name) != "" {
				continue
			}
			taken++
			if err := exec.CommandContext(t.Context(), "git", "check-ref-format", name).Run(); err != nil {
				t.Errorf("%q: taken here, refused by git", name)
			}
		}
	}
	if taken < 20 {
		t.Errorf("only %d names were taken", taken)
	}
}

func TestPlaceOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]place{
		"refs/for/main":                {class: ClassReview, target: "main"},
		"refs/for/release/1":           {class: ClassReview, target: "release/1"},
		"refs/FOR/main":                {class: ClassOther},
		"refs/heads/agents/a/t":        {class: ClassBranch, agent: "a", task: "t"},
		"refs/heads/agents/a":          {class: ClassHead},
		"refs/heads/agents/a/t/u":      {class: ClassHead},
		"refs/heads/Agents/a/t":        {class: ClassHead},
		"refs/heads/agents/A/t":        {class: ClassHead},
		"refs/heads/main":              {class: ClassMain},
		"refs/heads/Main":              {class: ClassMain},
		"refs/tags/v1":                 {class: ClassTag},
		"refs/adamant":                 {class: ClassKernel},
		"refs/adamant/changes/xx/id/x": {class: ClassKernel},
		"refs/ADAMANT/lease":           {class: ClassKernel},
		"refs/notes/x":                 {class: ClassOther},
		"refs/stash":                   {class: ClassOther},
		"refs/replace/" + ones:         {class: ClassOther},
	} {
		if got := placeOf(name); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestReportIsReadable(t *testing.T) {
	t.Parallel()
	req := &Request{Commands: []Command{{"refs/heads/main", "", git.OID(ones)}, {"refs/for/main", "", git.OID(ones)}}}
	out := string(report(req, []Refusal{{Rule: RuleRef, Ref: "refs/heads/main", Message: "only\x1b[31m the gate", Fix: "propose"}}))
	for _, want := range []string{"ng refs/heads/main only?[31m the gate\n", "ng refs/for/main refused with the others\n", "\x02adamant refuses"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in %q", want, out)
		}
	}
}
