package gatekeeper

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Suite is one suite file of gator (test.gatekeeper.sh).
type Suite struct {
	Path string
	Skip bool

	tests []*suiteTest
}

type suiteTest struct {
	name                            string
	line                            int
	template, constraint, expansion string // paths, from the suite's folder
	invalid, skip                   bool
	cases                           []*suiteCase
}

type suiteCase struct {
	name       string
	line       int
	object     string
	inventory  []string
	assertions []assertion
	skip       bool
}

// assertion counts the violations whose message matches.
type assertion struct {
	least, most int // of violations; most < 0 = any number
	message     *regexp.Regexp
}

// ReadSuite reads a file; nil when it holds no suite. The error is a manifest.Diagnostics.
func ReadSuite(path string, data []byte) (*Suite, error) {
	docs := manifest.ParseYAML(path, data)
	if len(docs) == 0 {
		return nil, nil
	}
	doc := docs[0]
	if doc.Err != nil {
		return nil, manifest.Join([]manifest.Diagnostic{*doc.Err})
	}
	v := newView(doc)
	if o, _ := asObject(doc.Value); groupOf(doc.Value) != groupSuite || o.text("kind") != "Suite" {
		return nil, nil
	}
	s := &Suite{Path: path, Skip: v.field("skip").flag()}
	for _, t := range v.field("tests").items() {
		s.tests = append(s.tests, readTest(t))
	}
	return s, manifest.Join(*v.problems)
}

func readTest(v *view) *suiteTest {
	t := &suiteTest{name: v.field("name").text(), line: v.line(), template: v.field("template").text(),
		constraint: v.field("constraint").text(), expansion: v.field("expansion").text(),
		invalid: v.field("invalid").flag(), skip: v.field("skip").flag()}
	for _, c := range v.field("cases").items() {
		t.cases = append(t.cases, readCase(c))
	}
	if !t.skip && (t.template == "" || t.constraint == "") {
		v.complain("the test %q names no template or no constraint", t.name)
	}
	return t
}

func readCase(v *view) *suiteCase {
	c := &suiteCase{name: v.field("name").text(), line: v.line(), object: v.field("object").text(),
		inventory: v.field("inventory").texts(), skip: v.field("skip").flag()}
	for _, a := range v.field("assertions").items() {
		c.assertions = append(c.assertions, readAssertion(a))
	}
	return c
}

func readAssertion(v *view) assertion {
	a := assertion{least: 1, most: -1}
	count := v.field("violations")
	switch n := count.value.(type) {
	case nil:
	case int64:
		if a.least, a.most = int(n), int(n); n < 0 {
			count.complain("violations must be yes, no or a number from 0")
		}
	case string:
		if n == "no" {
			a.least, a.most = 0, 0
		} else if n != "yes" {
			count.complain("violations is %q; it must be yes, no or a number", n)
		}
	default:
		count.complain("violations must be yes, no or a number")
	}
	if message := v.field("message"); message.exists() {
		var err error
		if a.message, err = regexp.Compile(message.text()); err != nil {
			message.complain("the message is no regular expression: %v", err)
		}
	}
	return a
}

// check says why the messages do not satisfy the assertion.
func (a assertion) check(messages []string) error {
	n := len(messages)
	if a.message != nil {
		n = len(slices.DeleteFunc(slices.Clone(messages), func(m string) bool { return !a.message.MatchString(m) }))
	}
	if n >= a.least && (a.most < 0 || n <= a.most) {
		return nil
	}
	want := "no violation"
	switch {
	case a.most < 0:
		want = "a violation"
	case a.most > 0:
		want = strconv.Itoa(a.most) + " violations"
	}
	if a.message != nil {
		want += fmt.Sprintf(" that matches %q", a.message)
	}
	return fmt.Errorf("want %s, got %d of: %q", want, n, messages)
}
