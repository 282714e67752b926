package loop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/desk"
	"github.com/adamant-os/adamant/internal/agent/model"
	"github.com/adamant-os/adamant/internal/agent/modeltest"
	"github.com/adamant-os/adamant/internal/agent/tool"
)

var update = flag.Bool("update", false, "write golden files")

const token = "adm_loop_test"

// office is a control plane for tests: it says no to checks until it was asked often enough, and keeps what it was told.
type office struct {
	mu      sync.Mutex
	denials int
	told    []string
}

func (o *office) tell(what string, args any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	raw, _ := json.Marshal(args)
	o.told = append(o.told, what+" "+string(raw))
}

func (o *office) check() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.denials > 0 {
		o.denials--
		return "DENY, risk low\nsum.go:3: [code/plus] adds when it should subtract"
	}
	return "ALLOW, risk low"
}

// at puts the control plane behind a server.
func (o *office) at(s *modeltest.Server) {
	server := mcp.NewServer(&mcp.Implementation{Name: "adamant", Version: "test"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "check"}, func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: o.check()}}}, nil, nil
	})
	for _, name := range []string{"finish", "comment", "ask_operator"} {
		mcp.AddTool(server, &mcp.Tool{Name: name, InputSchema: map[string]any{"type": "object"}}, func(_ context.Context, r *mcp.CallToolRequest, args map[string]any) (*mcp.CallToolResult, any, error) {
			if strings.Contains(string(r.Params.Arguments), "refuse me") {
				return nil, nil, errors.New("adamant says no")
			}
			o.tell(name, args)
			return &mcp.CallToolResult{}, nil, nil
		})
	}
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	s.Mux.HandleFunc("/mcp", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

func checkout(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"sum.go": "package sum\n\nfunc Sum(a, b int) int {\n\treturn a + b\n}\n", "docs/a.md": "# A\n", "AGENTS.md": "Use tabs.\n"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func coder(dir string) Job {
	return Job{Name: "coder", Role: "coder", Model: "m", API: agent.OpenAIChat, Prompt: "Subtract instead of adding.", Repo: dir}
}

// play runs a job against a server without pauses.
func play(t testing.TB, s *modeltest.Server, job Job, change ...func(*loop)) (Outcome, []agent.Event) {
	t.Helper()
	folder, err := tool.Open(job.Repo)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	job.Endpoint = s.URL
	var out bytes.Buffer
	l := newLoop(job, token, folder, &out)
	defer l.desk.Close()
	l.pause, l.client.Idle = 0, time.Minute
	for _, c := range change {
		c(l)
	}
	end := l.run(t.Context())
	var events []agent.Event
	if err := agent.ParseEvents(&out, func(e agent.Event) { events = append(events, e) }); err != nil {
		t.Fatal(err)
	}
	return end, events
}

func call(id, tool, args string) modeltest.Call {
	return modeltest.Call{ID: id, Tool: tool, Args: args}
}

func calls(c ...modeltest.Call) modeltest.Turn {
	return modeltest.Turn{Calls: c, Input: 10, Output: 5}
}

func finish() modeltest.Turn { return calls(call("end", "finish", `{"summary":"all done"}`)) }

// texts are the words of the events of a kind.
func texts(events []agent.Event, kind agent.Kind) []string {
	var out []string
	for _, e := range events {
		if e.Kind == kind {
			out = append(out, e.Text)
		}
	}
	return out
}

func result(events []agent.Event, id string) agent.Event {
	at := slices.IndexFunc(events, func(e agent.Event) bool { return e.Kind == agent.Result && e.ID == id })
	if at < 0 {
		return agent.Event{Text: "(no result)"}
	}
	return events[at]
}

// A task from reading to finish, told as the same events whatever the wire format.
func TestTranscript(t *testing.T) {
	t.Parallel()
	for _, api := range []string{agent.Anthropic, agent.OpenAIChat, agent.OpenAIResponses} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			s := modeltest.Serve(t,
				modeltest.Turn{Text: "I look around.", Reasoning: "where is it?", Input: 100, Output: 9, Calls: []modeltest.Call{
					call("1", "read", `{"path":"sum.go"}`), call("2", "search", `{"pattern":"a \\+ b"}`), call("3", "list", `{}`)}},
				calls(call("4", "edit", `{"path":"sum.go","old":"    return a + b","new":"\treturn a - b"}`)),
				calls(call("5", "edit", `{"path":"sum.go","old":"\treturn a + b","new":"\treturn a - b"}`), call("6", "run", `{"command":"grep -c 'a - b' sum.go"}`)),
				calls(call("7", "check", `{}`)),
				calls(call("8", "write", `{"path":"sum_test.go","text":"package sum\n"}`)),
				calls(call("9", "check", ``)),
				modeltest.Turn{Text: "Done.", Calls: []modeltest.Call{call("10", "finish", `{"summary":"Sum subtracts now."}`)}})
			o := &office{denials: 1}
			o.at(s)
			job := coder(checkout(t))
			job.API, job.Endpoint = api, s.URL
			var out bytes.Buffer
			end, err := Run(t.Context(), job, token, &out)
			if err != nil || end != (Outcome{Done, "Sum subtracts now."}) {
				t.Fatalf("%+v, %v\n%s", end, err, out.String())
			}
			golden(t, "testdata/transcript.jsonl", clean(out.String()))
			if want := []string{`finish {"summary":"Sum subtracts now."}`}; !slices.Equal(o.told, want) {
				t.Errorf("told: %q", o.told)
			}
			data, err := os.ReadFile(filepath.Join(job.Repo, "sum.go"))
			if err != nil || !strings.Contains(string(data), "return a - b") {
				t.Errorf("sum.go: %s, %v", data, err)
			}
			checkFirst(t, s.Requests()[0].Body)
		})
	}
}

// checkFirst looks at what the model is told at the start.
func checkFirst(t *testing.T, body []byte) {
	t.Helper()
	for _, want := range []string{"Subtract instead of adding.", "Use tabs.", "docs/ (1)", "software engineer"} {
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("the first request lacks %q", want)
		}
	}
	if bytes.Contains(body, []byte(token)) {
		t.Error("the token is in the request's body")
	}
}

// clean takes times out.
func clean(text string) string {
	text = regexp.MustCompile(`\(exit (\d+), [0-9.a-zµ]+\)`).ReplaceAllString(text, "(exit $1, TIME)")
	return text
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", name, got)
	}
}

// Each fault is survived or ends the run with a reason.
func TestFaults(t *testing.T) {
	t.Parallel()
	look := call("x", "list", `{}`)
	for name, c := range map[string]struct {
		turns []modeltest.Turn
		end   End
		want  string // in the end's text, or in an event's
	}{
		"429":               {[]modeltest.Turn{{Status: 429, Body: `{"error":{"message":"budget"}}`}}, GaveUp, "429 Too Many Requests: budget"},
		"529":               {[]modeltest.Turn{{Status: 529, Body: "overloaded"}}, GaveUp, "529"},
		"401":               {[]modeltest.Turn{{Status: 401}}, GaveUp, "401"},
		"cut":               {[]modeltest.Turn{{Text: "half", Cut: true}, finish()}, Done, "asking again"},
		"failing stream":    {[]modeltest.Turn{{Text: "half", Fail: true}, finish()}, Done, "Overloaded; asking again"},
		"hang":              {[]modeltest.Turn{{Text: "half", Hang: true}, finish()}, Done, "said nothing for"},
		"always cut":        {[]modeltest.Turn{{Cut: true}, {Cut: true}, {Cut: true}, {Cut: true}}, GaveUp, "stream"},
		"bad JSON":          {[]modeltest.Turn{calls(call("x", "read", `{"path": "a`)), finish()}, Done, "no valid JSON object (unexpected end of JSON input, after 11 of 11 bytes)"},
		"no object":         {[]modeltest.Turn{calls(call("x", "read", `["a"]`)), finish()}, Done, "no valid JSON object"},
		"null":              {[]modeltest.Turn{calls(call("x", "read", `null`)), finish()}, Done, "no valid JSON object"},
		"wrong names":       {[]modeltest.Turn{calls(call("x", "edit", `{"file_path":"a","old_string":"b"}`)), finish()}, Done, "edit needs path, old, new; given was file_path, old_string"},
		"wrong type":        {[]modeltest.Turn{calls(call("x", "read", `{"path":7}`)), finish()}, Done, "the arguments do not fit"},
		"number as text":    {[]modeltest.Turn{calls(call("x", "read", `{"path":"sum.go","from":"3","count":1}`)), finish()}, Done, "line 3 to 3 of 5"},
		"unknown tool":      {[]modeltest.Turn{calls(call("x", "bash", `{}`)), finish()}, Done, `there is no tool "bash"; there are read, list, search, edit, write, run, check, finish, escalate`},
		"outside":           {[]modeltest.Turn{calls(call("x", "read", `{"path":"/etc/passwd"}`)), finish()}, Done, "outside of the repository"},
		"length":            {[]modeltest.Turn{{Stop: "length", Calls: []modeltest.Call{call("x", "write", `{"path":"a","te`)}}, finish()}, Done, "in smaller pieces"},
		"refused":           {[]modeltest.Turn{{Text: "no", Stop: "refused"}}, GaveUp, "safety system"},
		"silent":            {[]modeltest.Turn{{Text: "well"}, {Text: "hm"}, {Text: "that is all"}}, Done, "that is all"},
		"silent after work": {[]modeltest.Turn{calls(call("x", "write", `{"path":"a","text":"b"}`)), {Text: "well"}, {Text: "that is all"}}, Done, "that is all"},
		"silent once":       {[]modeltest.Turn{{Text: "well"}, finish()}, Done, "all done"},
		"finish too early":  {[]modeltest.Turn{calls(call("x", "read", `{"path":"nope"}`), call("e", "finish", `{"summary":"s"}`)), finish()}, Done, "another call of the same answer failed"},
		"finish refused":    {[]modeltest.Turn{calls(call("x", "finish", `{"summary":"refuse me"}`)), finish()}, Done, "adamant says no"},
		"finish needs":      {[]modeltest.Turn{calls(call("x", "finish", `{}`)), finish()}, Done, "finish needs summary"},
		"escalate":          {[]modeltest.Turn{calls(look), calls(call("x", "escalate", `{"question":"which?"}`))}, Escalated, "which?"},
		"escalate nothing":  {[]modeltest.Turn{calls(call("x", "escalate", `{"question":" "}`)), finish()}, Done, "the question is empty"},
		"no more turns":     {[]modeltest.Turn{calls(look)}, GaveUp, "418"},
		"nothing at all":    {[]modeltest.Turn{{}, finish()}, Done, "all done"},
		"no reasoning here": {[]modeltest.Turn{{Status: 400, Body: `{"error":{"message":"reasoning is not supported"}}`}, finish()}, Done, "all done"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := modeltest.Serve(t, c.turns...)
			new(office).at(s)
			end, events := play(t, s, coder(checkout(t)), func(l *loop) {
				if name == "hang" {
					l.client.Idle, l.client.HTTP.Transport = 200*time.Millisecond, impatientOnce{l.client.HTTP.Transport, l.client}
				}
			})
			all, err := json.Marshal(events)
			if err != nil {
				t.Fatal(err)
			}
			want, err := json.Marshal(c.want)
			if err != nil {
				t.Fatal(err)
			}
			if end.End != c.end || !strings.Contains(end.Text, c.want) && !bytes.Contains(all, bytes.Trim(want, `"`)) {
				t.Errorf("%+v; want %s and %q\n%s", end, c.end, c.want, all)
			}
		})
	}
}

// impatientOnce lets a client wait long for every answer but the first: a busy machine is silent, too.
type impatientOnce struct {
	http.RoundTripper
	client *model.Client
}

func (i impatientOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	i.client.Idle = time.Minute
	return i.RoundTripper.RoundTrip(r)
}

// Reviewers read, comment and judge; they have nothing that writes.
func TestReviewer(t *testing.T) {
	t.Parallel()
	s := modeltest.Serve(t,
		calls(call("1", "write", `{"path":"x","text":"y"}`), call("2", "run", `{"command":"touch x"}`), call("3", "edit", `{"path":"sum.go","old":"a","new":"b"}`)),
		calls(call("4", "finish", `{"verdict":"request-changes","summary":"bad"}`)),
		calls(call("5", "comment", `{"path":"sum.go","line":99,"severity":"error","text":"x"}`), call("6", "comment", `{"path":"sum.go","line":4,"severity":"fatal","text":"x"}`)),
		calls(call("7", "comment", `{"path":"sum.go","line":4,"severity":"error","text":"overflows"}`)),
		calls(call("8", "finish", `{"verdict":"maybe","summary":"bad"}`)),
		calls(call("9", "finish", `{"verdict":"request-changes","summary":"overflows"}`)))
	o := &office{}
	o.at(s)
	job := coder(checkout(t))
	job.Role, job.Readonly = "reviewer", true
	end, events := play(t, s, job)
	if end != (Outcome{Done, "overflows"}) {
		t.Errorf("end: %+v", end)
	}
	for id, want := range map[string]string{"1": "there is no tool", "2": "there is no tool", "3": "there are read, list, search, comment, finish, escalate", "4": "nothing says what must change", "5": "there is no line 99", "6": "severity is one of", "7": "noted", "8": "verdict is approve or request-changes"} {
		if got := result(events, id); !strings.Contains(got.Text, want) || (got.Exit == 0) != (id == "7") {
			t.Errorf("%s: %+v, want %q", id, got, want)
		}
	}
	want := []string{`comment {"line":4,"path":"sum.go","severity":"error","text":"overflows"}`, `finish {"summary":"overflows","verdict":"request-changes"}`}
	if !slices.Equal(o.told, want) {
		t.Errorf("told: %q", o.told)
	}
	if _, err := os.Stat(filepath.Join(job.Repo, "x")); err == nil {
		t.Error("a reviewer wrote a file")
	}
}

func TestReviewerWithoutVerdict(t *testing.T) {
	t.Parallel()
	s := modeltest.Serve(t, modeltest.Turn{Text: "fine"}, modeltest.Turn{Text: "fine"}, modeltest.Turn{Text: "fine"})
	job := coder(checkout(t))
	job.Role, job.Readonly = "reviewer", true
	if end, _ := play(t, s, job); end.End != GaveUp {
		t.Errorf("end: %+v", end)
	}
}

// A persona has its tools only, and always finish.
func TestTools(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		job  Job
		want string
	}{
		{Job{Role: "coder"}, "read list search edit write run check finish escalate"},
		{Job{Role: "reviewer", Readonly: true}, "read list search comment finish escalate"},
		{Job{Role: "coder", Tools: []string{"read", "edit"}}, "read edit finish"},
		{Job{Role: "red-team", Readonly: true, Tools: []string{"read", "run", "write", "escalate"}}, "read run finish escalate"},
		{Job{Role: "risk-scorer", Readonly: true, Tools: []string{"read", "comment", "write", "finish"}}, "read comment finish"},
	} {
		var names []string
		for _, d := range definitionsFor(c.job) {
			names = append(names, d.Name)
			if !json.Valid(d.Schema) {
				t.Errorf("%s: schema %s", d.Name, d.Schema)
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%+v: %s, want %s", c.job, got, c.want)
		}
	}
}

// Reading calls run beside each other: these two wait for one another.
func TestParallelCalls(t *testing.T) {
	t.Parallel()
	s := modeltest.Serve(t, calls(call("1", "meet", `{}`), call("2", "meet", `{}`)), finish())
	both := make(chan struct{}, 1)
	meet := readTool()
	meet.Name, meet.Schema = "meet", schema(nil)
	meet.do = func(ctx context.Context, _ *loop, _ json.RawMessage) (said, error) {
		select {
		case both <- struct{}{}:
		case <-both:
			return said{text: "met"}, nil
		}
		for ctx.Err() == nil {
			if len(both) == 0 {
				return said{text: "met"}, nil
			}
			time.Sleep(time.Millisecond)
		}
		return said{}, ctx.Err()
	}
	end, events := play(t, s, coder(checkout(t)), func(l *loop) { l.tools = append(l.tools, meet) })
	if end.End != Done || result(events, "1").Text != "met" || result(events, "2").Text != "met" {
		t.Errorf("%+v", events)
	}
}

func TestMaxTurns(t *testing.T) {
	t.Parallel()
	s := modeltest.Serve(t, slices.Repeat([]modeltest.Turn{calls(call("1", "list", `{}`))}, 6)...)
	job := coder(checkout(t))
	job.MaxTurns = 5
	end, _ := play(t, s, job)
	if end.End != GaveUp || len(s.Requests()) != 5 {
		t.Errorf("%+v after %d requests", end, len(s.Requests()))
	}
	if !bytes.Contains(s.Requests()[2].Body, []byte("You have 3 requests left")) {
		t.Error("the model was not warned")
	}
}

// Without a control plane the work goes on; the gate is asked for in vain.
func TestNoDesk(t *testing.T) {
	t.Parallel()
	s := modeltest.Serve(t, calls(call("1", "check", `{}`)), finish())
	end, events := play(t, s, coder(checkout(t)))
	if end.End != Done || !strings.Contains(result(events, "1").Text, "reach adamant") || len(texts(events, agent.Error)) != 1 {
		t.Errorf("%+v %+v", end, events)
	}
}

// A control plane that is away for a moment still hears the verdict.
func TestDeskComesBack(t *testing.T) {
	t.Parallel()
	s := modeltest.Serve(t, finish())
	o := &office{}
	o.at(s)
	away := 2
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mcp" && away > 0 {
			away--
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		s.Mux.ServeHTTP(w, r)
	}))
	defer front.Close()
	end, events := play(t, s, coder(checkout(t)), func(l *loop) { l.desk = desk.New(front.URL, token) })
	if end.End != Done || len(o.told) != 1 || len(texts(events, agent.Error)) != 0 {
		t.Errorf("%+v, told %q, %+v", end, o.told, events)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	s := modeltest.Serve(t, calls(call("1", "run", `{"command":"sleep 60"}`)), finish())
	ctx, cancel := context.WithCancel(t.Context())
	job := coder(checkout(t))
	job.Endpoint = s.URL
	var out bytes.Buffer
	time.AfterFunc(300*time.Millisecond, cancel)
	end, err := Run(ctx, job, token, &out)
	if err != nil || end != (Outcome{GaveUp, "it was told to stop"}) {
		t.Errorf("%+v, %v", end, err)
	}
	if !strings.Contains(out.String(), `"kind":"finished"`) {
		t.Errorf("events: %s", out.String())
	}
}

func TestReadJob(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:               "EOF",
		`{"prompt":"x"}`: "repo, endpoint and prompt are needed",
		`{"promt":"x"}`:  "unknown field",
		`{"repo":"a","endpoint":"b","prompt":"c","steps":[{}]}`: "step 1 of the script",
	} {
		if _, err := ReadJob(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	job, err := ReadJob(strings.NewReader(`{"repo":"a","endpoint":"b/","prompt":"c","model":"claude-x"}`))
	if job = job.complete(); err != nil || job.API != agent.Anthropic || job.Endpoint != "b" || job.MaxTurns != defaultTurns {
		t.Errorf("%+v, %v", job, err)
	}
}
