package evaluate

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func rows(scores []int, buggy string) []Row {
	var out []Row
	for i, s := range scores {
		out = append(out, Row{Score: s, Added: 1 + i%3, Time: int64(i), Buggy: buggy[i] == '1'})
	}
	return out
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestAUC(t *testing.T) {
	t.Parallel()
	tests := []struct {
		scores []int
		buggy  string
		want   float64
	}{
		{[]int{4, 3, 2, 1}, "1100", 1},
		{[]int{4, 3, 2, 1}, "0011", 0},
		{[]int{4, 3, 2, 1}, "1010", 0.75},
		{[]int{5, 5, 5, 5}, "1010", 0.5},
		{[]int{5, 5, 1}, "101", 0.25},
	}
	for _, test := range tests {
		if got := auc(rows(test.scores, test.buggy), ByScore); !near(got, test.want) {
			t.Errorf("auc(%v, %s) = %v, want %v", test.scores, test.buggy, got, test.want)
		}
	}
	if got := auc(rows([]int{1, 2}, "11"), ByScore); !math.IsNaN(got) {
		t.Errorf("without a negative: %v, want NaN", got)
	}
}

// The fast count equals the definition: pairs that stand right, ties half.
func TestAUCIsTheShareOfPairs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Row {
			return Row{Score: rapid.IntRange(0, 5).Draw(t, "score"), Buggy: rapid.Bool().Draw(t, "buggy")}
		}), 2, 40).Draw(t, "rows")
		pairs, right := 0.0, 0.0
		for _, a := range list {
			for _, b := range list {
				if !a.Buggy || b.Buggy {
					continue
				}
				pairs++
				switch {
				case a.Score > b.Score:
					right++
				case a.Score == b.Score:
					right += 0.5
				}
			}
		}
		got := auc(list, ByScore)
		if pairs == 0 {
			if !math.IsNaN(got) {
				t.Fatalf("got %v", got)
			}
			return
		}
		if !near(got, right/pairs) {
			t.Fatalf("got %v, want %v", got, right/pairs)
		}
	})
}

func TestRecallAndEffort(t *testing.T) {
	t.Parallel()
	list := []Row{{Score: 9, Added: 80, Buggy: true}, {Score: 8, Added: 10}, {Score: 7, Added: 5, Buggy: true}, {Score: 1, Added: 5, Buggy: true}}
	if got := recall(list, ByScore, 0.5); !near(got, 1.0/3) {
		t.Errorf("recall at half: %v", got)
	}
	if got := SmallFirstEffort(list); !near(got, 2.0/3) {
		t.Errorf("small first finds %v with a fifth of the lines", got)
	}
}

func TestWindows(t *testing.T) {
	t.Parallel()
	var list []Row
	for day := range 2000 {
		list = append(list, Row{Time: int64(1999-day) * 86400})
	}
	mature := Mature(list)
	if len(mature) != 2000-365 || mature[0].Time != 0 {
		t.Errorf("%d mature rows from %d", len(mature), mature[0].Time)
	}
	if test := Test(mature); len(test) != len(mature)-1144 || test[len(test)-1].Time != mature[len(mature)-1].Time {
		t.Errorf("%d test rows", len(test))
	}
}

func TestReadLabels(t *testing.T) {
	t.Parallel()
	labels, err := ReadLabels("l.tsv", strings.NewReader("time\thash\tx\tbuggy\tla\n5\tabc\t?\t1\t7\n6\tdef\t?\t0\t0\n"))
	if err != nil {
		t.Fatal(err)
	}
	row, ok := labels.Join("abc", 300, 4, 2)
	if want := (Row{Commit: "abc", Time: 5, Score: 300, Added: 7, Gone: 2, Buggy: true}); !ok || row != want {
		t.Errorf("%+v, want %+v", row, want)
	}
	if _, ok := labels.Join("zzz", 1, 1, 1); ok {
		t.Error("an unknown commit has a label")
	}
	for text, want := range map[string]string{
		"":                                  "l.tsv: is empty",
		"hash\ttime\n":                      `l.tsv:1: no column "buggy"`,
		"hash\ttime\tbuggy\nabc\t1\tyes\n":  `l.tsv:2: column buggy: "yes" is not a whole number`,
		"hash\ttime\tbuggy\nabc\t1\t1\nx\n": "l.tsv:3: 1 columns instead of 3",
		"hash\ttime\tbuggy\tla\tla\nabc\t1\t1\t5\n": `l.tsv:1: column "la" is there twice`,
		"hash\ttime\tbuggy\t\t\nabc\t1\t1\t\n":      "l.tsv:2: 4 columns instead of 5",
		"hash\ttime\tbuggy\nabc\t1.5\t1\nx\n":       `l.tsv:2: column time: "1.5" is not a whole number`,
	} {
		if _, err := ReadLabels("l.tsv", strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// FuzzReadLabels: a file of labels is read or refused with its line.
func FuzzReadLabels(f *testing.F) {
	for _, text := range []string{"hash\ttime\tbuggy\tla\tld\nabc\t1\t1\t5\t6\n", "time\thash\tbuggy\tla\tla\n1\ta\t0\t1", "hash\ttime\tbuggy\t\t\r\nabc\t1\t1\t\t\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		labels, err := ReadLabels("l.tsv", strings.NewReader(text))
		if err != nil && !strings.Contains(err.Error(), "l.tsv") {
			t.Errorf("an error without its place: %v", err)
		}
		for hash, row := range labels {
			if row.Commit != hash {
				t.Errorf("%q is kept as %q", row.Commit, hash)
			}
		}
	})
}
