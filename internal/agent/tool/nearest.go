package tool

import (
	"fmt"
	"strings"
)

// Bounds on the work of looking for what was meant.
const (
	maxNearFile = 20_000 // lines of the file
	maxNearOld  = 200    // lines of what is looked for
	likeEnough  = 50     // percent of the words that two lines share
)

// place is the part of a file that comes nearest to what was looked for.
type place struct {
	why  string
	text string
}

// nearest finds the lines of a file that are most like old: first those equal but for white space, then by shared words.
func nearest(file, old []string) *place {
	file, old = file[:min(len(file), maxNearFile)], old[:min(len(old), maxNearOld)]
	if len(file) == 0 || len(old) == 0 {
		return nil
	}
	at, equal := bestWindow(file, old)
	if equal == 0 {
		if at = likeliest(file, old); at < 0 {
			return nil
		}
	}
	from, to := max(at, 0), min(at+len(old), len(file))
	text, _ := numbered(file, from+1, to, 4<<10)
	return &place{why: difference(file, old, at), text: text}
}

// bestWindow slides old over the file and counts the lines that are equal but for white space. The first best wins.
func bestWindow(file, old []string) (at, equal int) {
	where := map[string][]int{}
	for i, line := range old {
		if bare := squeeze(line); bare != "" {
			where[bare] = append(where[bare], i)
		}
	}
	score := map[int]int{}
	for n, line := range file {
		for _, i := range where[squeeze(line)] {
			score[n-i]++
		}
	}
	for start, s := range score {
		if s > equal || s == equal && start < at {
			at, equal = start, s
		}
	}
	return at, equal
}

// likeliest finds where old would begin by its longest line, -1 when no line is like it.
func likeliest(file, old []string) int {
	key := 0
	for i, line := range old {
		if len(strings.TrimSpace(line)) > len(strings.TrimSpace(old[key])) {
			key = i
		}
	}
	best, at := likeEnough-1, -1
	for n, line := range file {
		if s := alike(line, old[key]); s > best {
			best, at = s, n
		}
	}
	if at < 0 {
		return -1
	}
	return max(at-key, 0)
}

// alike is how much of two lines' words is shared, in percent.
func alike(a, b string) int {
	left, right := words(clip(a, maxLine)), words(clip(b, maxLine))
	if len(left) == 0 || len(right) == 0 {
		return 0
	}
	count := map[string]int{}
	for _, w := range left {
		count[w]++
	}
	shared := 0
	for _, w := range right {
		if count[w] > 0 {
			count[w]--
			shared++
		}
	}
	return 200 * shared / (len(left) + len(right))
}

func words(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r < 0x80
	})
}

// difference tells the first line that is not as it was given.
func difference(file, old []string, at int) string {
	space := true
	first := ""
	for i, want := range old {
		n := at + i
		have := ""
		if n >= 0 && n < len(file) {
			have = file[n]
		}
		if have == want {
			continue
		}
		space = space && squeeze(have) == squeeze(want)
		if first == "" {
			first = fmt.Sprintf("line %d is %s and not %s", n+1, shown(have), shown(want))
			if n < 0 || n >= len(file) {
				first = "the file has no such line as " + shown(want) + " there"
			}
		}
	}
	switch {
	case first == "":
		return "the lines are there, but the line ends or the ends of old differ. The file has:"
	case space:
		return "only white space differs: " + first + ". The file has:"
	}
	return "the nearest place differs: " + first + ". The file has:"
}

func shown(line string) string { return fmt.Sprintf("%q", clip(line, 160)) }

func squeeze(line string) string { return strings.Join(strings.Fields(line), " ") }
