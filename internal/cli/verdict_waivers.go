package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/adamant-os/adamant/internal/check/report"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/waiver"
)

// daysLeft says how long a waiver still covers.
func daysLeft(days int) string {
	switch {
	case days < 0:
		return "lapsed"
	case days == 0:
		return "its last day"
	}
	return plural(days, "day") + " left"
}

// writeWaivers lists the waivers that a change stands on, and those of base that cover nothing because nobody can read them.
func writeWaivers(w io.Writer, v *gate.Verdict, s style) {
	broken := malformedAtBase(v.Assessment)
	if len(v.Assessment.Waivers)+len(broken) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", s.bold("Waivers"))
	for _, u := range v.Assessment.Waivers {
		writeColumn(w, printable(u.ID), fmt.Sprintf("%s, %s (expires %s, approved by %s): %s",
			plural(u.Findings, "finding"), daysLeft(u.DaysLeft(v.Now)), u.Expires, u.ApprovedBy, u.Justification))
	}
	for _, f := range broken {
		writeColumn(w, "malformed", place(f.Path, f.Line)+f.Message)
	}
}

func malformedAtBase(a *gate.Assessment) []finding.Finding {
	var out []finding.Finding
	for _, f := range a.Findings {
		if f.Rule == waiver.MalformedRule && f.State == finding.Unchanged {
			out = append(out, f)
		}
	}
	return out
}

func markdownWaivers(b *strings.Builder, v *gate.Verdict) {
	if len(v.Assessment.Waivers) == 0 {
		return
	}
	b.WriteString("\n### Waivers it stands on\n\n| waiver | covers | until | why |\n|---|---|---|---|\n")
	for _, u := range v.Assessment.Waivers {
		fmt.Fprintf(b, "| %s | %s of %s | %s, %s | %s (approved by %s) |\n", markdownText(u.ID), plural(u.Findings, "finding"), markdownText(u.Rule),
			markdownText(u.Expires), daysLeft(u.DaysLeft(v.Now)), markdownText(u.Justification), markdownText(u.ApprovedBy))
	}
}

func sarifWaivers(a *gate.Assessment) map[string]finding.WaiverInfo {
	out := map[string]finding.WaiverInfo{}
	for _, u := range a.Waivers {
		out[u.ID] = finding.WaiverInfo{Justification: u.Justification, Expires: u.Expires}
	}
	return out
}

// junitWaived makes a skipped case of every finding that would block without its waiver.
func junitWaived(v *gate.Verdict) []report.Case {
	used := map[string]gate.UsedWaiver{}
	for _, u := range v.Assessment.Waivers {
		used[u.ID] = u
	}
	var out []report.Case
	for _, f := range v.Assessment.Findings {
		u, ok := used[f.Waiver]
		if !ok || f.State == finding.Unchanged {
			continue
		}
		out = append(out, report.Case{Name: strings.TrimSpace(place(f.Path, f.Line)) + " " + f.Rule, Class: "adamant.finding", File: f.Path, Line: f.Line,
			Skipped: fmt.Sprintf("waived by %s, %s (expires %s): %s", u.ID, daysLeft(u.DaysLeft(v.Now)), u.Expires, u.Justification)})
	}
	return out
}
