package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/report"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/policy"
)

// writeVerdictMarkdown writes a job summary or pull request comment.
func writeVerdictMarkdown(w io.Writer, v *gate.Verdict) error {
	a := v.Assessment
	var b strings.Builder
	fmt.Fprintf(&b, "## adamant: %s\n\n%s risk, score %d, %s, +%d −%d. %s\n", v.Decision, a.Level, a.Score,
		plural(a.Diffstat.Files, "file"), a.Diffstat.Added, a.Diffstat.Deleted, landing(v))
	if len(a.Floor) > 0 {
		fmt.Fprintf(&b, "\n### Why %s\n\n", a.Level)
		for _, r := range a.Floor {
			fmt.Fprintf(&b, "- **%s** %s%s\n", r.Level, codePlace(r.Path, r.Line), markdownText(r.Message))
		}
	}
	b.WriteString("\n### Gates\n\n| gate | state | |\n|---|---|---|\n")
	for _, g := range a.Gates {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", markdownText(g.Name), g.State, markdownText(g.Reason))
	}
	markdownFindings(&b, a)
	markdownWaivers(&b, v)
	if next := nextSteps(v); len(next) > 0 {
		b.WriteString("\n### What it waits for\n\n")
		for _, r := range next {
			fmt.Fprintf(&b, "- **%s**: %s%s\n", markdownText(r.Subject), codePlace(r.Path, r.Line), markdownText(r.Message))
		}
	}
	fmt.Fprintf(&b, "\n<sub>assessment %.12s, governance %.12s, head %s</sub>\n", a.Digest, a.Governance, shortOID(a.Head))
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownFindings(b *strings.Builder, a *gate.Assessment) {
	fresh := slices.DeleteFunc(slices.Clone(a.Findings), func(f finding.Finding) bool {
		return f.State == finding.Unchanged || f.State == finding.Absent
	})
	if len(fresh) == 0 {
		return
	}
	b.WriteString("\n### Findings\n\n| | where | rule | what and how to mend it |\n|---|---|---|---|\n")
	for _, f := range fresh {
		text := markdownText(f.Message)
		if f.Fix != "" {
			text += " **Fix:** " + markdownText(f.Fix)
		}
		severity := string(f.Severity)
		if f.Waiver != "" {
			severity = "waived"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", severity, codePlace(f.Path, f.Line), markdownText(f.Rule), text)
	}
}

func nextSteps(v *gate.Verdict) []gate.Reason {
	return slices.DeleteFunc(slices.Clone(v.Reasons), func(r gate.Reason) bool { return r.Code == "finding" })
}

// codePlace is a place as code. Backticks of a path would end the code span, so they are replaced.
func codePlace(path string, line int) string {
	at := strings.TrimSpace(place(path, line))
	if at == "" {
		return ""
	}
	return "`" + strings.NewReplacer("`", "'", "|", "\\|").Replace(at) + "` "
}

// markdownText takes away the meaning that Markdown and HTML would give to text from a repository.
func markdownText(text string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "@", "&#64;").Replace(printable(text))
}

// writeVerdictSARIF writes the findings with their state against base. Gates and approvals are no findings and are left out.
// Code scanning services refuse results without a file, so those are shown at the README.
func writeVerdictSARIF(ctx context.Context, w io.Writer, v *gate.Verdict) error {
	engine, err := policy.Compile(ctx, nil, policy.Options{})
	if err != nil {
		return err
	}
	run := finding.Run{Tool: "adamant", Version: version(), Findings: v.Assessment.Findings, Waivers: sarifWaivers(v.Assessment), Anchor: "README.md"}
	for _, r := range engine.Rules() {
		run.Rules = append(run.Rules, finding.RuleInfo{ID: r.ID, Title: r.Title, Description: r.Description, Help: r.Fix, Severity: finding.Severity(r.Severity)})
	}
	return finding.WriteSARIF(w, run)
}

// writeVerdictJUnit writes each gate as a test case: a pipeline that reads JUnit shows which gate stands in the way.
func writeVerdictJUnit(w io.Writer, v *gate.Verdict) error {
	suite := report.Suite{Name: "adamant"}
	for _, g := range v.Assessment.Gates {
		c := report.Case{Name: g.Name, Class: "adamant.gate"}
		switch g.State {
		case gate.Passed, gate.Accepted:
		case gate.NotApplicable:
			c.Skipped = g.Reason
		default:
			c.Failure = &report.Failure{Message: g.State + ": " + g.Reason, Type: "gate"}
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, f := range v.Assessment.Findings {
		if gate.Blocks(f) {
			suite.Cases = append(suite.Cases, report.Case{Name: strings.TrimSpace(place(f.Path, f.Line)) + " " + f.Rule, Class: "adamant.finding",
				File: f.Path, Line: f.Line, Failure: &report.Failure{Message: f.Message, Type: string(f.Severity), Text: f.Fix}})
		}
	}
	suite.Cases = append(suite.Cases, junitWaived(v)...)
	return report.WriteJUnit(w, []report.Suite{suite})
}
