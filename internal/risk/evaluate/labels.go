package evaluate

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Labels says of commits whether they brought a mistake, with their time and size.
type Labels map[string]Row

// ReadLabels reads tab-separated labels: a header with at least the columns hash, time and buggy (0 or 1), and la and ld for
// lines added and deleted where they are known. Errors name the line.
func ReadLabels(name string, r io.Reader) (Labels, error) {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 1<<16), 1<<20)
	var column map[string]int
	width := 0
	out := Labels{}
	for n := 1; scanner.Scan(); n++ {
		fields := strings.Split(scanner.Text(), "\t")
		if column == nil {
			column, width = map[string]int{}, len(fields)
			for i, f := range fields {
				if _, twice := column[f]; twice && f != "" {
					return nil, fmt.Errorf("%s:1: column %q is there twice", name, f)
				}
				column[f] = i
			}
			for _, need := range []string{"hash", "time", "buggy"} {
				if _, ok := column[need]; !ok {
					return nil, fmt.Errorf("%s:1: no column %q", name, need)
				}
			}
			continue
		}
		if len(fields) < width {
			return nil, fmt.Errorf("%s:%d: %d columns instead of %d", name, n, len(fields), width)
		}
		row, err := label(fields, column)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		out[row.Commit] = row
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if column == nil {
		return nil, fmt.Errorf("%s: is empty", name)
	}
	return out, nil
}

// label reads one line. Sizes that are not there are -1.
func label(fields []string, column map[string]int) (Row, error) {
	row := Row{Commit: fields[column["hash"]], Added: -1, Gone: -1}
	numbers := map[string]int64{}
	for _, name := range []string{"time", "buggy", "la", "ld"} {
		i, ok := column[name]
		if !ok {
			continue
		}
		v, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return Row{}, fmt.Errorf("column %s: %q is not a whole number", name, fields[i])
		}
		numbers[name] = v
	}
	row.Time, row.Buggy = numbers["time"], numbers["buggy"] != 0
	if _, ok := column["la"]; ok {
		row.Added = int(numbers["la"])
	}
	if _, ok := column["ld"]; ok {
		row.Gone = int(numbers["ld"])
	}
	return row, nil
}

// Join gives a label its score. Where the labels have no sizes, lines of code count.
func (l Labels) Join(commit string, score, lines, gone int) (Row, bool) {
	row, ok := l[commit]
	row.Score = score
	if row.Added < 0 {
		row.Added = lines
	}
	if row.Gone < 0 {
		row.Gone = gone
	}
	return row, ok
}
