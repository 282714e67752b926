package format

import (
	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/finding"
)

// fault is the first thing that is wrong with a file's content.
type fault struct {
	rule, message, fix string
	offset             int // in bytes; -1: line counts
	line               int // 0: the whole file
	snippet            string
}

// judge finds what is wrong with a text; nil when nothing is. Other is the other side, nil when it has none.
type judge func(text, other []byte) *fault

// contents judges files. Parsing is the dearest thing this package does, so base is judged only when the merged file is
// at fault: a repair is not counted.
type contents struct {
	text    []byte // last text judged
	verdict *fault
}

func (c *contents) check(f *builtin.File, judge judge) {
	if !f.Merged && f.Other != nil && c.judge(judge, f.Other, f.Text) == nil {
		return
	}
	fault := c.judge(judge, f.Text, f.Other)
	if fault == nil {
		return
	}
	v := finding.Finding{Rule: Name + "/" + fault.rule, Severity: finding.Error, Message: fault.message, Fix: fault.fix, Line: fault.line}
	f.Report(v, fault.offset, fault.snippet, "")
}

// judge remembers its last answer: the merged file is asked about twice.
func (c *contents) judge(judge judge, text, other []byte) *fault {
	if len(text) > 0 && len(c.text) == len(text) && &c.text[0] == &text[0] {
		return c.verdict
	}
	c.text, c.verdict = text, judge(text, other)
	return c.verdict
}
