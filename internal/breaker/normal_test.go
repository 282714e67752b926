package breaker

import (
	"strings"
	"testing"
)

// What differs between two runs of one thing goes; what tells two things apart stays.
func TestNormalText(t *testing.T) {
	t.Parallel()
	same := [][2]string{
		{"at 0x7ffd1234 and 0xdeadbeef", "at 0x55aa and 0x1"},
		{"2026-11-23T07:35:11Z started", "2025-01-02 23:59:59.123+01:00 started"},
		{"Mon Nov 23 07:35:11 2026", "Tue Dec  1 08:00:00 2026"},
		{"ok x 0.31s", "ok x 12.5s"}, {"took 1m3.2s", "took 4m0s"}, {"3 passed in 0.12 seconds", "3 passed in 3 seconds"},
		{"wrote /tmp/tmpab12cd34/out.txt", "wrote /tmp/tmpzz98yy76/out.txt"},
		{"/tmp/go-build123456/b001 failed", "/tmp/go-build999/b001 failed"},
		{"commit 3f2a9bc", "commit 91d0e4f12"}, {"listening on 127.0.0.1:43210", "listening on 127.0.0.1:50000"},
		{"pid 17", "pid 4242"}, {"a\n\n  b\t c", "a b c"}, {"\x1b[31mred\x1b[0m", "red"},
		{`{"b":1,"a":{"d":2,"c":3}}`, "{ \"a\": {\"c\": 3, \"d\": 2},\n \"b\": 1 }"},
		{`{"ok":true,"duration_ms":12,"request_id":"x"}`, `{"request_id":"y","ok":true,"duration_ms":99}`},
		{"1763510516 done", "1763519999.25 done"},
		{"<think>first this</think>yes", "<think>then that</think>yes"},
		{"elapsed: 12.5", "elapsed: 3"}, {"took 3s 41ca553a0e75", "took 4s 9a0e7541ca55"}, {"Port 80", "Port 81"}, {"time=3", "time=4.5"},
		{"attempt 3: refused", "attempt 17: refused"}, {"request #12 timed out", "Request #99 timed out"}, {"seq=4 no", "seq=5 no"}, {`{"retry_count":1,"ok":false}`, `{"retry_count":2,"ok":false}`},
	}
	for _, pair := range same {
		if a, b := normalObservation(pair[0]), normalObservation(pair[1]); a != b {
			t.Errorf("%q and %q differ: %q, %q", pair[0], pair[1], a, b)
		}
	}
	other := [][2]string{
		{"took 3s 12 files", "took 3s 13 files"}, {"127.0.0.1:80 12 files", "127.0.0.1:80 13 files"},
		{"12 of 40 done", "13 of 40 done"}, {"try 3 of 9", "try 4 of 9"}, {"iteration 3/9", "iteration 4/9"}, {"step 3", "step 4"}, {"request 7 %", "request 8 %"}, {"45 %", "46 %"}, {"x.go:12: no", "x.go:13: no"}, {"00000010: 7f45", "00000020: 7f45"},
		{"/tmp/a/notes.txt", "/tmp/b/notes.txt"}, {"facade", "decade"}, {"12345678", "12345679"}, {`{"n":1}`, `{"n":2}`},
		{"TestOne failed", "TestTwo failed"}, {"π = 3", "π = 4"}, {"日本", "日木"},
	}
	for _, pair := range other {
		if a, b := normalObservation(pair[0]), normalObservation(pair[1]); a == b {
			t.Errorf("%q and %q are both %q", pair[0], pair[1], a)
		}
	}
}

func TestNormalArgs(t *testing.T) {
	t.Parallel()
	norm := func(text string, editor bool) string { out, _ := normalArgs([]byte(text), editor); return out }
	same := []struct {
		a, b   string
		editor bool
	}{
		{`{"command":"go  test ./...","thought":"now"}`, `{"thought":"again","command":"go test ./..."}`, false},
		{`"{\"a\":1,\"b\":2}"`, `{"b":2,"a":1}`, false},
		{`{"command":"# let me look\nls"}`, `{"command":"# once more\nls"}`, false},
		{`{"cmd":"cat /tmp/tmpab12cd34/x"}`, `{"cmd":"cat /tmp/tmpxy98zw76/x"}`, false},
		{`{"path":"a","new":"x","explanation":"because"}`, `{"explanation":"since","new":"x","path":"a"}`, true},
		{"ls   -la", "ls -la", false}, {"make # try again", "make # and again", false}, {`{"command":"ls","attempt":1}`, `{"attempt":2,"command":"ls"}`, false},
	}
	for _, tt := range same {
		if a, b := norm(tt.a, tt.editor), norm(tt.b, tt.editor); a != b {
			t.Errorf("%s and %s differ: %q, %q", tt.a, tt.b, a, b)
		}
	}
	other := []struct {
		a, b   string
		editor bool
	}{
		{`{"path":"a","new":"  x = 0xff0000ff"}`, `{"path":"a","new":"x = 0xff00ff00"}`, true},
		{`{"command":"sleep 1"}`, `{"command":"sleep 2"}`, false},
		{`{"command":"git show 3f2a9bc"}`, `{"command":"git show 91d0e4f"}`, false},
		{`{"thought":"one"}`, `{"thought":"two"}`, false}, // all a thinking tool has
		{`{"attempt":1}`, `{"attempt":2}`, false},
		{`{"command":"echo '# a'"}`, `{"command":"echo '# b'"}`, false},
		{`{"a":"b=c"}`, `{"a":"b","c":""}`, false},
	}
	for _, tt := range other {
		if a, b := norm(tt.a, tt.editor), norm(tt.b, tt.editor); a == b {
			t.Errorf("%s and %s are both %q", tt.a, tt.b, a)
		}
	}
}

func TestFailingTests(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"--- FAIL: TestB (0.01s)\n--- FAIL: TestA (1.20s)\nok x": "TestA\nTestB",
		"FAILED tests/x.py::test_one - AssertionError":           "tests/x.py::test_one",
		"FAIL: test_one (pkg.Case)\nERROR: test_two (pkg.Case)":  "test_one (pkg.Case)\ntest_two (pkg.Case)",
		"test a::b ... FAILED\ntest c ... ok":                    "a::b",
		"  ✕ adds numbers":                                       "adds numbers",
		"not ok 3 - parses":                                      "parses",
		"all well, 0 failed":                                     "",
	}
	for text, want := range tests {
		if got := failingTests(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Long texts cost bounded time and broken ones break nothing.
func TestHugeAndBroken(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("語", 10<<20), "\xff\xfe" + strings.Repeat("\x80", 1000), strings.Repeat("[", 1<<20), strings.Repeat(`{"a":`, 20000)} {
		e := Event{Action: text, Args: []byte(text), Observation: text, Text: text, Error: text}
		if d := New(Limits{}).Step(e); d.Kind != None {
			t.Errorf("one event of %d bytes: %+v", len(text), d.Kind)
		}
	}
}

// Two long files that differ in the middle alone are two files.
func TestLongArgs(t *testing.T) {
	t.Parallel()
	file := func(mark string) string {
		return strings.Repeat("x", keptBytes) + mark + strings.Repeat("y", keptBytes)
	}
	a, _ := normalArgs([]byte(file("a")), true)
	b, _ := normalArgs([]byte(file("b")), true)
	if a == b {
		t.Error("the middle is not looked at")
	}
}
