package document

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

func isTOML(base string) bool {
	return extension(".toml")(base) || base == "Pipfile"
}

// parseTOML reads TOML 1.0. Dates and times are strings.
func parseTOML(_ string, data []byte) []Document {
	var value map[string]any
	if err := toml.Unmarshal(data, &value); err != nil {
		return []Document{failed(formatTOML, tomlErrorLine(err), strings.TrimPrefix(err.Error(), "toml: "))}
	}
	return []Document{{Format: formatTOML, Value: plainTOML(value), Lines: tomlLines(data)}}
}

func tomlErrorLine(err error) int {
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		line, _ := decode.Position()
		return line
	}
	return 1
}

// plainTOML makes a value JSON can hold.
func plainTOML(v any) any {
	switch t := v.(type) {
	case map[string]any:
		for k := range t {
			t[k] = plainTOML(t[k])
		}
	case []any:
		for i := range t {
			t[i] = plainTOML(t[i])
		}
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

// tomlLines maps keys and tables to their lines. Values inside inline tables and arrays have their key's line.
func tomlLines(data []byte) map[string]int {
	w := tomlWalk{lines: map[string]int{"": 1}, tables: map[string]int{}}
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
			w.table = pointer(w.table, strconv.Itoa(n))
			w.lines[w.table] = w.last
		case unstable.KeyValue:
			w.note(w.table, e.Key())
		}
	}
	return w.lines
}

type tomlWalk struct {
	parser unstable.Parser
	lines  map[string]int
	tables map[string]int // elements of each array of tables so far
	table  string         // pointer of the current table
	last   int
}

// note records the line of every part of a dotted key and returns the pointer of the whole.
func (w *tomlWalk) note(at string, key unstable.Iterator) string {
	for key.Next() {
		if n := w.tables[at]; n > 0 { // a key below an array of tables means its last element
			at = pointer(at, strconv.Itoa(n-1))
		}
		node := key.Node()
		at = pointer(at, string(node.Data))
		w.last = w.parser.Shape(node.Raw).Start.Line
		if _, ok := w.lines[at]; !ok {
			w.lines[at] = w.last
		}
	}
	return at
}
