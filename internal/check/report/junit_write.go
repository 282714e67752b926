package report

import (
	"encoding/xml"
	"fmt"
	"io"
)

// Suite is a group of cases for WriteJUnit.
type Suite struct {
	Name  string
	Cases []Case
}

// Case is one test case. At most one of Failure and Skipped is set.
type Case struct {
	Name    string
	Class   string
	File    string
	Line    int   // 0 = none
	TimeMS  int64 // milliseconds
	Failure *Failure
	Skipped string // why
	Output  string // shown with the case
}

// Failure says why a case failed.
type Failure struct {
	Message string // one line
	Type    string
	Text    string
}

type xmlSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Time     string     `xml:"time,attr"`
	Suites   []xmlSuite `xml:"testsuite"`
}

type xmlSuite struct {
	Name     string    `xml:"name,attr"`
	Tests    int       `xml:"tests,attr"`
	Failures int       `xml:"failures,attr"`
	Errors   int       `xml:"errors,attr"`
	Skipped  int       `xml:"skipped,attr"`
	Time     string    `xml:"time,attr"`
	Cases    []xmlCase `xml:"testcase"`
}

type xmlCase struct {
	Name    string      `xml:"name,attr"`
	Class   string      `xml:"classname,attr,omitempty"`
	File    string      `xml:"file,attr,omitempty"`
	Line    int         `xml:"line,attr,omitempty"`
	Time    string      `xml:"time,attr"`
	Failure *xmlFailure `xml:"failure"`
	Skipped *xmlSkipped `xml:"skipped"`
	Output  *xmlText    `xml:"system-out"`
}

type xmlFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

type xmlSkipped struct {
	Message string `xml:"message,attr"`
}

type xmlText struct {
	Text string `xml:",chardata"`
}

// WriteJUnit writes suites as JUnit XML, in their order, with totals. Characters that XML cannot hold become U+FFFD.
func WriteJUnit(w io.Writer, suites []Suite) error {
	all := xmlSuites{Suites: make([]xmlSuite, len(suites))}
	var total int64
	for i, s := range suites {
		x, ms := suiteXML(s)
		all.Suites[i] = x
		all.Tests, all.Failures, all.Skipped = all.Tests+x.Tests, all.Failures+x.Failures, all.Skipped+x.Skipped
		total += ms
	}
	all.Time = seconds(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func suiteXML(s Suite) (xmlSuite, int64) {
	x := xmlSuite{Name: s.Name, Tests: len(s.Cases), Cases: make([]xmlCase, len(s.Cases))}
	var ms int64
	for i, c := range s.Cases {
		x.Cases[i] = caseXML(c)
		ms += c.TimeMS
		switch {
		case c.Failure != nil:
			x.Failures++
		case c.Skipped != "":
			x.Skipped++
		}
	}
	x.Time = seconds(ms)
	return x, ms
}

func caseXML(c Case) xmlCase {
	x := xmlCase{Name: c.Name, Class: c.Class, File: c.File, Line: c.Line, Time: seconds(c.TimeMS)}
	switch {
	case c.Failure != nil:
		x.Failure = &xmlFailure{c.Failure.Message, c.Failure.Type, c.Failure.Text}
	case c.Skipped != "":
		x.Skipped = &xmlSkipped{c.Skipped}
	}
	if c.Output != "" {
		x.Output = &xmlText{c.Output}
	}
	return x
}

func seconds(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }
