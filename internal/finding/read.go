package finding

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
)

// DefaultLimit is how many bytes of a report are read when Options does not say.
const DefaultLimit = 64 << 20

// Options says where a report comes from. The zero value reads reports with relative paths.
type Options struct {
	Root  string // absolute path of the checkout the tool ran in; absolute paths below it become repository-relative
	Dir   string // repository-relative folder the tool ran in; relative paths start there
	Text  Text   // contents, to turn a tool's columns into bytes; without it they are taken as they are
	Limit int64  // bytes; 0 means DefaultLimit
	// Baseline takes over a SARIF log's baselineState. It is its writer's claim that a finding is old: believe it only where
	// the writer is the judge, as with a quality gate's new-code report. Otherwise State is left for Compare.
	Baseline bool
	// Own says that adamant itself wrote the SARIF file and nobody else could: rule ids, fingerprints, states, waivers
	// and tools are then taken over. Never set it for evidence.
	Own bool
}

// FormatError says that a report cannot be read, and where. Such a report is never one without findings.
type FormatError struct {
	Format string // as given to Read
	Line   int    // 1-based line of the report, 0 when not known
	Column int    // 1-based byte column, 0 when not known
	Where  string // place in the document, such as "runs[0].results[3]", when that says more
	Reason string
}

func (e *FormatError) Error() string {
	at := ""
	if e.Line > 0 {
		at = fmt.Sprintf(" %d:%d:", e.Line, e.Column)
	}
	if e.Where != "" {
		at += " " + e.Where + ":"
	}
	return fmt.Sprintf("%s report:%s %s", e.Format, at, e.Reason)
}

// formats is the registry: one line a format.
func formats() map[string]func(data []byte, p *placer) ([]Finding, error) {
	return map[string]func([]byte, *placer) ([]Finding, error){
		"eslint":        readESLint,
		"golangci-lint": readGolangci,
		"govet":         readVet,
		"ruff":          readRuff,
		"sarif":         readSARIF,
		"staticcheck":   readStaticcheck,
	}
}

// Formats returns the names Read accepts, sorted.
func Formats() []string { return slices.Sorted(maps.Keys(formats())) }

// Read returns the findings of a report in one of the known formats, sorted, exact repetitions once. Rule ids are
// "tool/rule"; fingerprints are left to AssignFingerprints. A place outside the checkout is kept in the message only, and
// one more finding of severity Error (report/outside-checkout) says so.
func Read(format string, data []byte, opt Options) ([]Finding, error) {
	read, ok := formats()[format]
	if !ok {
		return nil, fmt.Errorf("read report: unknown format %q; known are %s", format, strings.Join(Formats(), ", "))
	}
	limit := opt.limit()
	if int64(len(data)) > limit {
		return nil, &FormatError{Format: format, Reason: fmt.Sprintf("it has %d bytes, over the limit of %d", len(data), limit)}
	}
	data, err := toUTF8(data)
	if err != nil {
		return nil, &FormatError{Format: format, Reason: err.Error()}
	}
	p := &placer{opt: opt, format: format, files: reader{text: opt.Text, lines: map[string]file{}}}
	fs, err := read(data, p)
	if err != nil {
		return nil, err
	}
	return p.finish(fs), nil
}

// ReadSARIF is Read for a SARIF 2.1.0 log of any tool.
func ReadSARIF(r io.Reader, opt Options) ([]Finding, error) {
	data, err := io.ReadAll(io.LimitReader(r, opt.limit()+1))
	if err != nil {
		return nil, fmt.Errorf("read sarif report: %w", err)
	}
	return Read("sarif", data, opt)
}

func (o Options) limit() int64 {
	if o.Limit > 0 {
		return o.Limit
	}
	return DefaultLimit
}

// toUTF8 removes a byte order mark and turns UTF-16 with one into UTF-8.
func toUTF8(data []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:], nil
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return data, nil
	}
	data = data[2:]
	if len(data)%2 != 0 {
		return nil, errors.New("UTF-16 text with half a character at its end")
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}

// parseJSON decodes one JSON value that must be all of data.
func parseJSON(format string, data []byte, into any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return &FormatError{Format: format, Line: 1, Column: 1, Reason: "it is empty; did the tool fail before it wrote?"}
	}
	return jsonError(format, data, 0, json.Unmarshal(data, into))
}

// jsonError gives an error of encoding/json its line and column. start is where the decoded value begins in data.
func jsonError(format string, data []byte, start int64, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return formatErrorAt(format, data, start+syntax.Offset, syntax.Error())
	case errors.As(err, &kind):
		reason := fmt.Sprintf("%s cannot be %s", cmp.Or(kind.Field, "the value"), kind.Value)
		return formatErrorAt(format, data, start+kind.Offset, reason)
	}
	return &FormatError{Format: format, Reason: err.Error()}
}

func formatErrorAt(format string, data []byte, offset int64, reason string) error {
	offset = max(0, min(offset, int64(len(data))))
	before := data[:offset]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return &FormatError{Format: format, Line: line, Column: max(column, 1), Reason: reason}
}
