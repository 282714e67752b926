package facts

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

var trailerLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*):[ \t]+(.*)$`) })

// trailers reads the last paragraph of a commit message as git-interpret-trailers(1) does, when all of its lines are
// trailers. The last value of a key wins.
func trailers(message string) map[string]string {
	paragraphs := strings.Split(strings.TrimSpace(strings.ReplaceAll(message, "\r\n", "\n")), "\n\n")
	if len(paragraphs) < 2 {
		return nil
	}
	out := map[string]string{}
	for line := range strings.SplitSeq(paragraphs[len(paragraphs)-1], "\n") {
		if strings.HasPrefix(line, "(cherry picked from commit ") {
			continue // git's own
		}
		m := trailerLine().FindStringSubmatch(line)
		if m == nil {
			return nil
		}
		out[m[1]] = validText(strings.TrimSpace(m[2]))
	}
	return out
}

// trailer finds the value of a key in any capitals, as git does. Where two spellings of it differ, the first in order counts.
func (c *Commit) trailer(key string) string {
	for _, k := range slices.Sorted(maps.Keys(c.Trailer)) {
		if strings.EqualFold(k, key) && c.Trailer[k] != "" {
			return c.Trailer[k]
		}
	}
	return ""
}
