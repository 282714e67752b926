package finding

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// readGolangci reads golangci-lint's JSON, versions 1 and 2, with or without the summary that is printed after it. An
// issue without a severity is an error, since any issue fails the run.
func readGolangci(data []byte, p *placer) ([]Finding, error) {
	var log struct {
		Issues *[]golangciIssue `json:"Issues"`
		Report *struct {
			Error string `json:"Error"`
		} `json:"Report"`
	}
	if err := parseJSON(p.format, firstLine(data), &log); err != nil {
		return nil, err
	}
	if log.Issues == nil && log.Report == nil {
		return nil, &FormatError{Format: p.format, Reason: "neither Issues nor Report is in it: not golangci-lint's JSON"}
	}
	var out []Finding
	if log.Report != nil && log.Report.Error != "" {
		out = append(out, Finding{Rule: "golangci-lint/execution", Severity: Error, Tool: "golangci-lint", Message: log.Report.Error})
	}
	if log.Issues != nil {
		for _, i := range *log.Issues {
			out = append(out, i.finding(p))
		}
	}
	return out, nil
}

// firstLine returns what comes before the summary ("3 issues:") that golangci-lint prints below its one line of JSON.
func firstLine(data []byte) []byte {
	data = bytes.TrimSpace(data)
	if line, rest, ok := bytes.Cut(data, []byte("\n")); ok && len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
		return line
	}
	return data
}

// golangciIssue is one issue; Replacement is version 1's word for SuggestedFixes.
type golangciIssue struct {
	FromLinter string          `json:"FromLinter"`
	Text       string          `json:"Text"`
	Severity   string          `json:"Severity"`
	Fixes      json.RawMessage `json:"SuggestedFixes"`
	Replace    json.RawMessage `json:"Replacement"`
	LineRange  *struct {
		To int `json:"To"`
	} `json:"LineRange"`
	Pos struct {
		Filename string `json:"Filename"`
		Line     int    `json:"Line"`
		Column   int    `json:"Column"`
	} `json:"Pos"`
}

func (i *golangciIssue) finding(p *placer) Finding {
	f := Finding{
		Rule: "golangci-lint/" + cmp.Or(i.FromLinter, "unnamed"), Severity: Error, Tool: "golangci-lint",
		Message: strings.TrimLeft(strings.TrimSpace(i.Text), ": "),
	}
	switch strings.ToLower(i.Severity) {
	case "warning", "medium":
		f.Severity = Warning
	case "info", "note", "low":
		f.Severity = Note
	}
	if given(i.Fixes) || given(i.Replace) {
		f.Fix = "golangci-lint run --fix"
	}
	s := spot{file: i.Pos.Filename, line: i.Pos.Line, column: i.Pos.Column}
	if i.LineRange != nil {
		s.end = i.LineRange.To
	}
	p.place(&f, s)
	return f
}

func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// vetDiagnostic is one line of go vet's findings; a package that could not be loaded has an object with "error" instead.
type vetDiagnostic struct {
	Posn    string          `json:"posn"`
	End     string          `json:"end"`
	Message string          `json:"message"`
	Fixes   json.RawMessage `json:"suggested_fixes"`
}

// readVet reads go vet -json, standard output, standard error or both: JSON objects with comments ("# package") and
// compiler errors ("vet: file:line:column: ...") between them. Everything is an error.
func readVet(data []byte, p *placer) ([]Finding, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, parseJSON(p.format, data, nil)
	}
	var out []Finding
	for offset := 0; offset < len(data); {
		rest := data[offset:]
		switch line, _, _ := bytes.Cut(rest, []byte("\n")); {
		case bytes.HasPrefix(bytes.TrimLeft(line, " \t\r"), []byte("{")):
			fs, n, err := vetObject(data, offset, p)
			if err != nil {
				return nil, err
			}
			out, offset = append(out, fs...), offset+n
		default:
			out, offset = append(out, vetLine(string(line), p)...), offset+len(line)+1
		}
	}
	return out, nil
}

// vetObject reads {package: {analyzer: [diagnostic] or {"error": text}}} at an offset and returns its length.
func vetObject(data []byte, offset int, p *placer) ([]Finding, int, error) {
	var packages map[string]map[string]json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(data[offset:]))
	if err := dec.Decode(&packages); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, 0, formatErrorAt(p.format, data, int64(len(data)), "it is cut off")
		}
		return nil, 0, jsonError(p.format, data, int64(offset), err)
	}
	var out []Finding
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		for _, analyzer := range slices.Sorted(maps.Keys(packages[pkg])) {
			fs, err := vetAnalyzer(pkg, analyzer, packages[pkg][analyzer], p)
			if err != nil {
				return nil, 0, formatErrorAt(p.format, data, int64(offset), pkg+": "+analyzer+": "+err.Error())
			}
			out = append(out, fs...)
		}
	}
	return out, int(dec.InputOffset()), nil
}

func vetAnalyzer(pkg, analyzer string, raw json.RawMessage, p *placer) ([]Finding, error) {
	var failed struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(raw, &failed) == nil && failed.Error != "" {
		return []Finding{vetFinding(analyzer, pkg+": "+failed.Error)}, nil
	}
	var diagnostics []vetDiagnostic
	if err := json.Unmarshal(raw, &diagnostics); err != nil {
		return nil, err
	}
	out := make([]Finding, len(diagnostics))
	for i, d := range diagnostics {
		out[i] = vetFinding(analyzer, d.Message)
		file, line, column := cutPosition(d.Posn)
		_, end, _ := cutPosition(d.End)
		p.place(&out[i], spot{file: file, line: line, column: column, end: end})
	}
	return out, nil
}

func vetFinding(analyzer, message string) Finding {
	return Finding{Rule: "govet/" + analyzer, Severity: Error, Tool: "govet", Message: strings.TrimSpace(message)}
}

// vetLine reads a line between objects. Whatever is neither blank nor a comment is a failure of vet or the compiler.
func vetLine(line string, p *placer) []Finding {
	line = strings.TrimSpace(line)
	if line == "" || strings.HasPrefix(line, "#") {
		return nil
	}
	line = strings.TrimPrefix(line, "vet: ")
	f := vetFinding("compile", line)
	if place, message, ok := strings.Cut(line, ": "); ok {
		if file, row, column := cutPosition(place); row > 0 {
			f.Message = message
			p.place(&f, spot{file: file, line: row, column: column})
		}
	}
	return []Finding{f}
}

// cutPosition takes file:line:column or file:line apart; the line is 0 when there is none.
func cutPosition(s string) (file string, line, column int) {
	head, last, ok := cutNumber(s)
	if !ok {
		return s, 0, 0
	}
	if file, line, ok = cutNumber(head); ok {
		return file, line, last
	}
	return head, last, 0
}

func cutNumber(s string) (string, int, bool) {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 {
		return s, 0, false
	}
	n, err := strconv.Atoi(s[i+1:])
	return s[:i], n, err == nil && n >= 0
}

// readStaticcheck reads staticcheck -f json: one object a line; nothing at all means no findings. An ignored problem
// (-show-ignored) stays, marked inSource.
func readStaticcheck(data []byte, p *placer) ([]Finding, error) {
	var out []Finding
	for offset := 0; offset < len(data); {
		line, _, _ := bytes.Cut(data[offset:], []byte("\n"))
		if len(bytes.TrimSpace(line)) > 0 {
			f, err := staticcheckLine(data, offset, len(line), p)
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		}
		offset += len(line) + 1
	}
	return out, nil
}

func staticcheckLine(data []byte, offset, length int, p *placer) (Finding, error) {
	type position struct {
		File   string `json:"file"`
		Line   int    `json:"line"`
		Column int    `json:"column"`
	}
	var e struct {
		Code     string   `json:"code"`
		Severity string   `json:"severity"`
		Message  string   `json:"message"`
		Location position `json:"location"`
		End      position `json:"end"`
	}
	if err := json.Unmarshal(data[offset:offset+length], &e); err != nil {
		return Finding{}, jsonError(p.format, data, int64(offset), err)
	}
	if e.Code == "" || e.Message == "" {
		return Finding{}, formatErrorAt(p.format, data, int64(offset), "code or message is missing")
	}
	f := Finding{Rule: "staticcheck/" + e.Code, Severity: Error, Tool: "staticcheck", Message: strings.TrimSpace(e.Message)}
	switch e.Severity {
	case "warning":
		f.Severity = Warning
	case "ignored":
		f.Severity, f.Suppress = Warning, inSource
	}
	p.place(&f, spot{file: e.Location.File, line: e.Location.Line, column: e.Location.Column, end: e.End.Line})
	return f, nil
}
