package finding

import (
	"encoding/json"
	"fmt"
	"strings"
)

// eslintEntry is one message of eslint's JSON. Columns count UTF-16 code units.
type eslintEntry struct {
	RuleID   *string         `json:"ruleId"`
	Fatal    bool            `json:"fatal"`
	Severity int             `json:"severity"`
	Message  string          `json:"message"`
	Line     int             `json:"line"`
	Column   int             `json:"column"`
	EndLine  int             `json:"endLine"`
	Fix      json.RawMessage `json:"fix"`
}

// readESLint reads eslint --format json. Severity 2 is an error, 1 a warning; what a comment suppresses stays, marked
// inSource; a file that does not parse is an error.
func readESLint(data []byte, p *placer) ([]Finding, error) {
	var files []struct {
		Path       string         `json:"filePath"`
		Messages   *[]eslintEntry `json:"messages"`
		Suppressed []eslintEntry  `json:"suppressedMessages"`
	}
	if err := parseJSON(p.format, data, &files); err != nil {
		return nil, err
	}
	var out []Finding
	for i, file := range files {
		if file.Path == "" || file.Messages == nil {
			return nil, &FormatError{Format: p.format, Where: fmt.Sprintf("[%d]", i), Reason: "filePath or messages is missing"}
		}
		for _, e := range *file.Messages {
			out = append(out, e.finding(file.Path, "", p))
		}
		for _, e := range file.Suppressed {
			out = append(out, e.finding(file.Path, inSource, p))
		}
	}
	return out, nil
}

func (e *eslintEntry) finding(file, suppress string, p *placer) Finding {
	f := Finding{Rule: "eslint/core", Severity: Error, Message: strings.TrimSpace(e.Message), Tool: "eslint", Suppress: suppress}
	switch {
	case e.RuleID != nil:
		f.Rule = "eslint/" + *e.RuleID
	case e.Fatal:
		f.Rule = "eslint/parse-error"
	}
	if e.Severity == 1 && !e.Fatal {
		f.Severity = Warning
	}
	if len(e.Fix) > 0 {
		f.Fix = "eslint --fix"
	}
	p.place(&f, spot{file, e.Line, e.Column, e.EndLine, inUTF16})
	return f
}

// readRuff reads ruff check --output-format json. Every violation is an error: ruff knows no severities, and any fails
// its run. Columns count characters.
func readRuff(data []byte, p *placer) ([]Finding, error) {
	type position struct {
		Row    int `json:"row"`
		Column int `json:"column"`
	}
	var entries []struct {
		Code     *string  `json:"code"`
		File     string   `json:"filename"`
		Message  *string  `json:"message"`
		Location position `json:"location"`
		End      position `json:"end_location"`
		Fix      *struct {
			Applicability string `json:"applicability"`
		} `json:"fix"`
	}
	if err := parseJSON(p.format, data, &entries); err != nil {
		return nil, err
	}
	var out []Finding
	for i, e := range entries {
		if e.File == "" || e.Message == nil {
			return nil, &FormatError{Format: p.format, Where: fmt.Sprintf("[%d]", i), Reason: "filename or message is missing"}
		}
		f := Finding{Rule: "ruff/invalid-syntax", Severity: Error, Message: strings.TrimSpace(*e.Message), Tool: "ruff"}
		if e.Code != nil {
			f.Rule = "ruff/" + *e.Code
		}
		if e.Fix != nil && e.Fix.Applicability == "safe" {
			f.Fix = "ruff check --fix"
		}
		p.place(&f, spot{e.File, e.Location.Row, e.Location.Column, e.End.Row, inRunes})
		out = append(out, f)
	}
	return out, nil
}
