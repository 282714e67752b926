// Package toml reads TOML 1.0.
package toml

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/adamant-os/adamant/internal/document/format"
)

// Match knows TOML by its extension, and Pipfile.
func Match(base string) bool {
	return format.HasExtension(base, ".toml") || base == "Pipfile"
}

// Parse reads one file. Dates and times are strings.
func Parse(_ string, data []byte) []format.Tree {
	if line, fault := check(data); fault != "" {
		return format.Fail(line, fault)
	}
	var value map[string]any
	if err := toml.Unmarshal(data, &value); err != nil {
		return format.Fail(errorLine(err), strings.TrimPrefix(err.Error(), "toml: "))
	}
	if !plain(value, 0) {
		return format.Fail(1, tooDeep())
	}
	return []format.Tree{{Value: value, Places: linesOf(data)}}
}

func errorLine(err error) int {
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		line, _ := decode.Position()
		return line
	}
	return 1
}

// plain makes a value one that JSON can hold; false when it is nested too deep.
func plain(v any, depth int) bool {
	ok := depth <= format.MaxDepth
	switch t := v.(type) {
	case map[string]any:
		for k := range t {
			t[k] = scalar(t[k])
			ok = ok && plain(t[k], depth+1)
		}
	case []any:
		for i := range t {
			t[i] = scalar(t[i])
			ok = ok && plain(t[i], depth+1)
		}
	}
	return ok
}

func scalar(v any) any {
	switch t := v.(type) {
	case float64:
		if math.IsInf(t, 0) || math.IsNaN(t) {
			return strconv.FormatFloat(t, 'g', -1, 64)
		}
	case time.Time:
		return t.Format(time.RFC3339Nano)
	case fmt.Stringer: // local dates and times
		return t.String()
	}
	return v
}

// linesOf maps keys and tables to their lines. Values inside inline tables and arrays have their key's line.
func linesOf(data []byte) format.Lines {
	w := walk{data: data, line: 1, lines: format.Lines{"": 1}, tables: map[string]int{}}
	w.parser.Reset(data)
	for w.parser.NextExpression() {
		e := w.parser.Expression()
		switch e.Kind {
		case unstable.Table:
			w.table = w.note("", e.Key())
		case unstable.ArrayTable:
			w.table = w.note("", e.Key())
			n := w.tables[w.table]
			w.tables[w.table]++
			w.table = format.Join(w.table, strconv.Itoa(n))
			w.lines[w.table] = w.last
		case unstable.KeyValue:
			w.note(w.table, e.Key())
		}
	}
	return w.lines
}

type walk struct {
	parser unstable.Parser
	lines  format.Lines
	tables map[string]int // elements of each array of tables so far
	table  string         // pointer of the current table
	last   int
	data   []byte
	offset int // up to which lines were counted
	line   int // there
}

// note records the line of every part of a dotted key and returns the pointer of the whole.
func (w *walk) note(at string, key unstable.Iterator) string {
	for key.Next() {
		if n := w.tables[at]; n > 0 { // a key below an array of tables means its last element
			at = format.Join(at, strconv.Itoa(n-1))
		}
		node := key.Node()
		at = format.Join(at, string(node.Data))
		w.last = w.lineAt(int(node.Raw.Offset))
		if _, ok := w.lines[at]; !ok {
			w.lines[at] = w.last
		}
	}
	return at
}

// lineAt counts on from the last key: keys come in the order of the file.
func (w *walk) lineAt(offset int) int {
	if offset > w.offset {
		w.line += bytes.Count(w.data[w.offset:offset], []byte{'\n'})
		w.offset = offset
	}
	return w.line
}
