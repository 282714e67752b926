package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
)

// junitSuite is an open testsuite or testsuites element.
type junitSuite struct {
	name   string
	file   string
	claims map[string]int // attributes: tests, failures, errors, skipped
	seen   map[string]int // the same, counted from the cases below
}

// junitReader reads the XML that surefire, pytest, jest-junit, nextest, gotestsum and many more write. There is no
// standard; what they share is read and every total is counted again.
type junitReader struct {
	xml    *xmlReader
	tally  *tally
	open   []*junitSuite
	differ string // the first total that does not agree
	bad    bool   // a total claims more failures than there are cases that failed
}

func readJUnit(r io.Reader, t *tally) error {
	j := junitReader{xml: newXMLReader(r, t.format), tally: t}
	root, err := j.xml.root()
	if err != nil {
		return err
	}
	if name := root.Name.Local; name != "testsuites" && name != "testsuite" {
		return j.xml.errorf("the root element is %s, not testsuites or testsuite", name)
	}
	if err := j.begin(root); err != nil {
		return err
	}
	for len(j.open) > 0 {
		if err := j.step(); err != nil {
			return j.xml.cutOff(err)
		}
	}
	if err := j.xml.end(); err != nil {
		return err
	}
	return j.totals()
}

func (j *junitReader) step() error {
	token, err := j.xml.next()
	if err != nil {
		return err
	}
	switch e := token.(type) {
	case xml.EndElement:
		j.close()
	case xml.StartElement:
		return j.element(e)
	}
	return nil
}

func (j *junitReader) element(e xml.StartElement) error {
	switch e.Name.Local {
	case "testsuite", "testsuites":
		return j.begin(e)
	case "testcase":
		return j.testcase(e)
	case "error", "failure": // of the suite itself: it could not be set up or collected
		text, err := j.xml.text()
		if err != nil {
			return err
		}
		return j.end(&junitCase{name: "(suite)", outcome: failed, kind: "errors", why: attr(e, "message"), text: text})
	}
	return j.xml.skip()
}

func (j *junitReader) begin(e xml.StartElement) error {
	s := &junitSuite{name: attr(e, "name"), file: attr(e, "file"), claims: map[string]int{}, seen: map[string]int{}}
	for _, name := range []string{"tests", "failures", "errors", "skipped"} {
		value := strings.TrimSpace(attr(e, name))
		if value == "" {
			continue
		}
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return j.xml.errorf("%s=%q is not a count", name, value)
		}
		s.claims[name] = n
	}
	j.open = append(j.open, s)
	return nil
}

// close ends the innermost suite, adds its counts to the outer one and notes where its totals disagree.
func (j *junitReader) close() {
	s := j.open[len(j.open)-1]
	j.open = j.open[:len(j.open)-1]
	if len(j.open) > 0 {
		for name, n := range s.seen {
			j.open[len(j.open)-1].seen[name] += n
		}
	}
	if s.claims["failures"]+s.claims["errors"] > s.seen["failures"]+s.seen["errors"] {
		j.bad = true
	}
	for _, name := range []string{"tests", "failures", "errors", "skipped"} {
		if claim, ok := s.claims[name]; ok && claim != s.seen[name] && j.differ == "" {
			j.differ = fmt.Sprintf("suite %q claims %s=%d, but %d are in it", s.name, name, claim, s.seen[name])
		}
	}
}

// totals reports disagreement. A report that claims failures and shows none has lost them: it failed.
func (j *junitReader) totals() error {
	if j.bad && j.tally.tests.Failed == 0 {
		j.tally.add(RuleTotals, finding.Error, place{}, j.differ+"; cases that failed are missing from the report")
		return j.tally.count("(claimed, not listed)", failed)
	}
	if j.differ != "" {
		j.tally.add(RuleTotals, finding.Warning, place{}, j.differ+"; the cases were counted")
	}
	return nil
}

// junitCase is one testcase element.
type junitCase struct {
	name, class, file string
	line              int
	outcome           outcome
	kind              string // failures, errors or skipped: the total it belongs to
	why, text         string // message and body of the failure
	flaky             bool
	todo              bool // its failure is expected
}

func (j *junitReader) testcase(e xml.StartElement) error {
	c := &junitCase{name: attr(e, "name"), class: attr(e, "classname"), file: attr(e, "file")}
	c.line, _ = strconv.Atoi(attr(e, "line")) // absent or odd: no line
	c.status(attr(e, "status"), attr(e, "result"))
	j.tally.duration += milliseconds(attr(e, "time"))
	for depth := j.xml.depth; j.xml.depth >= depth; {
		token, err := j.xml.next()
		if err != nil {
			return err
		}
		if child, ok := token.(xml.StartElement); ok {
			if err := j.child(c, child); err != nil {
				return err
			}
		}
	}
	return j.end(c)
}

// status reads the attributes of runners that say there how a case ended.
func (c *junitCase) status(words ...string) {
	for _, word := range words {
		switch strings.ToLower(word) {
		case "failed", "failure", "fail", "error", "errored", "broken":
			c.outcome, c.kind = failed, "failures"
		case "notrun", "disabled", "skipped", "suppressed", "ignored", "pending":
			if c.outcome == passed {
				c.outcome, c.kind = skipped, "skipped"
			}
		}
	}
}

func (j *junitReader) child(c *junitCase, e xml.StartElement) error {
	text, err := j.xml.text()
	if err != nil {
		return err
	}
	switch e.Name.Local {
	case "failure", "error":
		if c.text == "" && c.why == "" {
			c.why, c.text = attr(e, "message"), text
		}
		if c.outcome != failed || e.Name.Local == "error" {
			c.kind = e.Name.Local + "s"
		}
		c.outcome = failed
	case "skipped":
		c.todo = c.todo || attr(e, "type") == "todo"
		c.status("skipped")
	case "flakyFailure", "flakyError":
		c.flaky, c.why = true, attr(e, "message")
	}
	return nil
}

// end counts a case and makes its finding.
func (j *junitReader) end(c *junitCase) error {
	if c.todo {
		c.outcome, c.kind = skipped, "skipped"
	}
	suite := j.open[len(j.open)-1]
	suite.seen["tests"]++
	if c.kind != "" {
		suite.seen[c.kind]++
	}
	name := strings.TrimPrefix(c.class+"."+c.name, ".")
	if c.class == "" && suite.name != "" {
		name = suite.name + "." + c.name
	}
	switch {
	case c.outcome == failed:
		at, line := j.place(c, suite)
		why := strings.TrimSpace(c.why)
		if why == "" || why == "Failed" { // what gotestsum always says
			why = message(c.text, line)
		}
		j.tally.fail(at, fmt.Sprintf("%s failed: %s", name, clip(why)))
	case c.flaky:
		at, _ := j.place(c, suite)
		j.tally.add(RuleFlaky, finding.Note, at, fmt.Sprintf("%s failed and then passed: %s", name, clip(c.why)))
	}
	return j.tally.count(name, c.outcome)
}

// place is the first place the output names (an assertion is nearer than a declaration, and pytest counts the lines of
// declarations from 0), else the case's own file and line. It returns the line of output that names it too.
func (j *junitReader) place(c *junitCase, suite *junitSuite) (place, string) {
	opt := &j.tally.opt
	dir := opt.Dir
	if opt.GoPackage != nil {
		if folder, ok := opt.GoPackage(c.class); ok {
			dir = folder
		}
	}
	for _, line := range strings.Split(c.text+"\n"+c.why, "\n") {
		if at := opt.find(dir, line); at.line > 0 {
			return at, line
		}
	}
	if file := cmp.Or(c.file, suite.file); file != "" {
		if path, ok := opt.known(opt.Dir, file); ok {
			return place{path: path, line: max(c.line, 0)}, ""
		}
	}
	return place{}, ""
}

// milliseconds reads seconds with a fraction; commas group thousands as surefire writes them.
func milliseconds(seconds string) int64 {
	s, err := strconv.ParseFloat(strings.ReplaceAll(seconds, ",", ""), 64)
	if err != nil || s < 0 || s > 1e9 {
		return 0
	}
	return int64(s * 1000)
}
