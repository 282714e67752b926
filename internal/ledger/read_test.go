package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReadUnion(t *testing.T) {
	t.Parallel()
	repo := newStore(t, "")
	now := start
	opt := options()
	opt.Now = func() time.Time { return now }
	a, b := openWriter(t, repo, "a", opt), openWriter(t, repo, "b", opt)
	for i, w := range []*Writer{b, a, a, b, a, b} {
		must(w.AppendSync(t.Context(), Record{Actor: fmt.Sprint("agent-", i), Kind: []string{"x.one", "x.two", "y"}[i%3], Change: fmt.Sprint("c0ffee0", i%2), Task: fmt.Sprint("t", i)}))(t)
		if i%2 == 1 {
			now = now.Add(time.Minute)
		}
	}
	for _, c := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, "a1 b1 a2 b2 a3 b3"},
		{Filter{Writer: "a"}, "a1 a2 a3"},
		{Filter{Actor: "agent-3"}, "b2"},
		{Filter{Task: "t0"}, "b1"},
		{Filter{Task: "t"}, "a1 b1 a2 b2 a3 b3"},
		{Filter{Task: "0"}, ""},
		{Filter{Change: "c0ffee"}, "a1 b1 a2 b2 a3 b3"},
		{Filter{Change: "c0ffee01"}, "a1 b2 b3"},
		{Filter{Kinds: []string{"x.*"}}, "a1 b1 b2 a3"},
		{Filter{Kinds: []string{"x.one", "y"}}, "b1 a2 b2 b3"},
		{Filter{Since: start.Add(time.Minute)}, "a2 b2 a3 b3"},
		{Filter{Since: start.Add(time.Minute), Until: start.Add(2 * time.Minute)}, "a2 b2"},
	} {
		var got []string
		for _, e := range must(readAll(t, repo, c.filter))(t) {
			got = append(got, fmt.Sprint(e.Writer, e.Seq))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, want %s", c.filter, got, c.want)
		}
	}
	if some := must(Collect(t.Context(), repo, Filter{}, 2))(t); len(some) != 2 {
		t.Errorf("limit 2: %d", len(some))
	}
}

// Reading stops where the chain breaks, and says where.
func TestReadStopsAtAnAlarm(t *testing.T) {
	t.Parallel()
	v := newVandal(t)
	v.commit(firstSegment, strings.Replace(v.files[firstSegment], `"seq":90,`, `"seq":91,`, 1))
	n := 0
	for e, err := range Read(t.Context(), v.repo, Filter{}) {
		if err == nil {
			n++
			continue
		}
		wantAlarm(t, err, Gap)
		if !strings.Contains(err.Error(), firstSegment+":90") || e.Seq != 0 {
			t.Errorf("%v %+v", err, e)
		}
	}
	if n != 89 {
		t.Errorf("%d entries before it", n)
	}
}

func TestHostileSegments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, text, kind string }{
		"giant":   {firstSegment, strings.Repeat("x", segmentLimit+1), TooLarge},
		"a line":  {firstSegment, strings.Repeat("x", LineLimit+1) + "\n", Malformed},
		"version": {firstSegment, `{"v":9}` + "\n", NewVersion},
		"a name":  {"\x1b[31m", "x", Malformed},
		"seq":     {"2026/11/01/9223372036854775807.jsonl", "x\n", Malformed},
	} {
		repo := newStore(t, "")
		forge(t, repo, RefPrefix+"w", map[string]string{c.path: c.text}, signer(1))
		_, err := readAll(t, repo, Filter{})
		if name == "seq" {
			wantAlarm(t, err, Malformed)
			continue
		}
		wantAlarm(t, err, c.kind)
		if report := verify(t, repo, Seen{}); len(report.Alarms) != 1 || report.Alarms[0].Kind != c.kind {
			t.Errorf("%s: %v", name, report.Alarms)
		}
	}
}

func TestNewest(t *testing.T) {
	t.Parallel()
	v := newVandal(t)
	var seqs []uint64
	for e, err := range Newest(t.Context(), v.repo, v.src) {
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, e.Seq)
	}
	if len(seqs) != 150 || seqs[0] != 150 || !slices.IsSortedFunc(seqs, func(a, b uint64) int { return int(b) - int(a) }) {
		t.Errorf("%v", seqs)
	}
	for range Newest(t.Context(), v.repo, Source{Writer: "none", Ref: RefPrefix + "none"}) {
		t.Error("an entry of nothing")
	}
	// A first segment that is not what the second continues.
	v.commit(firstSegment, strings.Join(strings.SplitAfter(v.files[firstSegment], "\n")[:99], ""))
	var last error
	src := source(t, v.repo, "gate")
	for _, err := range Newest(t.Context(), v.repo, src) {
		last = err
	}
	wantAlarm(t, last, Broken)
}
