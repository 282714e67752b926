package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
)

// tapReader reads the Test Anything Protocol, versions 12 to 14. Subtests are indented by four spaces; they are counted
// in place of the test point that sums them up, unless that failed and none of them did.
type tapReader struct {
	tally  *tally
	plans  map[int]int // tests announced, by depth, of the innermost open block
	points map[int]int // test points seen, likewise
	bad    map[int]int // failed ones, likewise
	noted  string      // the last failure, whose details may follow
	detail output
	yaml   bool
}

func readTAP(r io.Reader, t *tally) error {
	p := tapReader{tally: t, plans: map[int]int{}, points: map[int]int{}, bad: map[int]int{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := p.line(lines.Text()); err != nil {
			return err
		}
	}
	if err := scanError(lines.Err(), t.format, n+1); err != nil {
		return err
	}
	return p.finish()
}

func (p *tapReader) line(line string) error {
	text := strings.TrimLeft(line, " ")
	depth := (len(line) - len(text)) / 4
	text = strings.TrimSpace(text)
	if p.yaml {
		p.yaml = text != "..."
		p.detail.add(text + "\n")
		return nil
	}
	switch {
	case text == "---":
		p.yaml = true
	case strings.HasPrefix(text, "ok ") || text == "ok" || strings.HasPrefix(text, "not ok"):
		return p.point(text, depth)
	case strings.HasPrefix(text, "Bail out!"):
		p.flush()
		p.tally.fail(place{}, "the run was given up: "+strings.TrimSpace(strings.TrimPrefix(text, "Bail out!")))
		return p.tally.count("(bail out)", failed)
	case strings.HasPrefix(text, "1.."):
		n, err := strconv.Atoi(strings.Fields(text[3:] + " ?")[0])
		if err != nil || n < 0 {
			return p.tally.errorf("the plan %q is no number", text)
		}
		p.plans[depth] = n
	default:
		p.detail.add(text + "\n")
	}
	return nil
}

// point takes a test point. Everything deeper since the last one at this depth was its subtests.
func (p *tapReader) point(text string, depth int) error {
	p.flush()
	name, o := tapOutcome(text)
	p.points[depth]++
	children, badChildren := p.points[depth+1], p.bad[depth+1]
	announced, planned := p.plans[depth+1]
	p.forget(depth + 1)
	if planned && announced != children {
		o, badChildren = failed, 0
		name = fmt.Sprintf("%s (planned %d subtests, %d are listed)", name, announced, children)
	}
	if o == failed {
		p.bad[depth]++
	}
	if children > 0 && (o != failed || badChildren > 0) {
		return nil
	}
	if o == failed {
		p.noted = name
	}
	return p.tally.count(name, o)
}

func (p *tapReader) forget(depth int) {
	delete(p.points, depth)
	delete(p.bad, depth)
	delete(p.plans, depth)
}

// tapOutcome reads "not ok 3 - name # SKIP why". A failed TODO is expected and counts as skipped.
func tapOutcome(text string) (string, outcome) {
	o := passed
	rest, bad := strings.CutPrefix(text, "not ok")
	if bad {
		o = failed
	} else {
		rest = strings.TrimPrefix(text, "ok")
	}
	name, directive, _ := strings.Cut(rest, " # ")
	directive = strings.ToUpper(directive)
	if strings.HasPrefix(directive, "SKIP") || strings.HasPrefix(directive, "TODO") && bad {
		o = skipped
	}
	name = strings.TrimLeft(strings.TrimSpace(name), "0123456789")
	return cmp.Or(strings.TrimPrefix(strings.TrimSpace(name), "- "), "(unnamed)"), o
}

// flush makes the finding of the last failure, now that all its details are known.
func (p *tapReader) flush() {
	if p.noted != "" {
		opt := &p.tally.opt
		at := opt.find(opt.Dir, string(p.detail.text))
		p.tally.fail(at, fmt.Sprintf("%s failed: %s", p.noted, clip(tapReason(string(p.detail.text)))))
	}
	p.noted, p.detail = "", output{}
}

// tapReason is the "error:" or "message:" of a YAML block, else its first line.
func tapReason(detail string) string {
	lines := strings.Split(detail, "\n")
	for i, line := range lines {
		for _, key := range []string{"error: ", "message: "} {
			said, ok := strings.CutPrefix(line, key)
			if ok && strings.HasPrefix(said, "|") && i+1 < len(lines) {
				return lines[i+1]
			}
			if ok {
				return strings.Trim(said, `'"`)
			}
		}
	}
	return message(detail, "")
}

func (p *tapReader) finish() error {
	p.flush()
	planned, ok := p.plans[0]
	if p.yaml || !ok && p.tally.total() > 0 {
		return p.tally.errorf("it is cut off: no plan (1..N) is in it, or a block is open at its end")
	}
	if planned != p.points[0] {
		p.tally.add(RuleTotals, finding.Error, place{}, fmt.Sprintf("%d tests were planned, %d are listed", planned, p.points[0]))
		return p.tally.count("(planned, not listed)", failed)
	}
	return nil
}
