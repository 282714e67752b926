package workforce

import (
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/gateway/script"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
)

const modelled = `apiVersion: adamant.dev/v1
kind: Agent
metadata: {name: NAME}
spec:
  role: ROLE
  runner: builtin
  models: [{name: claude-sonnet-4-5}]
  budget: {wall: 30m, taskUSD: 1, turns: 20}
`

const answers = `apiVersion: adamant.dev/v1
kind: Script
metadata: {name: test}
spec:
  parts:
    - name: works
      when: make it two
      turns:
        - think: One line has to change.
          calls: [{edit: {path: src/a.txt, old: one, new: two}}]
          usage: {fresh: 1000, output: 100}
        - say: done
          calls: [{tool: {name: finish, args: {summary: It says two now.}}}]
          usage: {fresh: 100, cacheRead: 1000, output: 50}
    - name: reads
      agent: critic
      when: read it
      turns:
        - calls: [{tool: {name: finish, args: {verdict: request-changes, summary: no}}}]
        - calls: [{tool: {name: comment, args: {path: src/a.txt, line: 1, severity: error, text: It says one.}}}]
        - calls: [{tool: {name: finish, args: {verdict: request-changes, summary: It must say two.}}}]
    - name: asks
      when: ask me
      turns: [{calls: [{tool: {name: escalate, args: {question: "Which of the two?"}}}]}]
    - name: loops
      when: loop for ever
      turns: [{think: Again., calls: [{run: "false"}], usage: {fresh: 10, output: 10}}]
      then: last
    - name: talks
      when: talk for ever
      turns: [{say: I am thinking about it., usage: {fresh: 10, output: 10}}]
      then: last
    - name: spends
      when: spend it all
      turns: [{calls: [{run: "date +%N"}], usage: {fresh: 100000, output: 10000}}]
      then: last
    - name: wanders
      when: many different things
      turns:
        - {calls: [{run: "echo $RANDOM >>src/a.txt; cat src/a.txt"}]}
      then: last
`

func modelShop(t *testing.T) *shop {
	t.Helper()
	s, err := script.Load("test.yaml", []byte(answers))
	if err != nil {
		t.Fatal(err)
	}
	return openShop(t, gateway.Config{Mode: gateway.Script, Script: s}, func(r *gittest.Repo) {
		r.Write(persona.Folder+"/mind.yaml", agentFile("mind", "coder", modelled))
		r.Write(persona.Folder+"/critic.yaml", agentFile("critic", "reviewer", modelled))
	})
}

// TestModelledAttempt: the builtin agent does what a model says; each action is on record before its answer is, and what it cost is
// the wire's usage at the table's price.
func TestModelledAttempt(t *testing.T) {
	t.Parallel()
	s := modelShop(t)
	s.must(s.force.Start(t.Context(), s.attempt(1, "mind", "coder", "Make it two.")))
	o := s.outcome()
	if o.Finish != task.FinishDone || o.Head == "" {
		t.Fatalf("%+v", o)
	}
	if len(o.Models) != 1 || o.Models[0].Family != "claude" || o.Models[0].Name != "claude-sonnet-4-5" {
		t.Errorf("models %+v", o.Models)
	}
	// claude-sonnet-4-5: 3, 15 and 0.30 $ per million tokens.
	if want := int64(1100*3000 + 150*15000 + 1000*300); o.Spent.NanoUSD != want || o.Spent.Tokens != 2250 || o.Spent.Requests != 2 {
		t.Errorf("spent %+v, want %d nano-USD", o.Spent, want)
	}
	records, err := thought.ReadTask(t.Context(), s.kernel.Repo(), taskID(1))
	s.must(err)
	if len(records) != 3 || records[0].Tool != "edit" || records[0].Thoughts[0].Reasoning != "One line has to change." || !records[0].Action.Writes ||
		records[2].Action.Head != string(o.Head) {
		t.Errorf("on record: %+v", records)
	}
	if seen := records[0].Thoughts[0].Observation; !strings.Contains(seen, "[adamant] Where you are.") || !strings.Contains(seen, "Your task:") {
		t.Errorf("the first request was not grounded: %q", seen)
	}
	account := thought.Account(thought.Entries(records), []thought.Made{{Attempt: o.Attempt, Head: o.Head}}, nil)
	if account.Missing != 0 || account.Writing == 0 {
		t.Errorf("account %+v", account)
	}
}

// TestBreakerStops: what goes in circles is stopped, and says why; what it left is not a result.
func TestBreakerStops(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		prompt, rule string
		requests     int64
	}{
		{"Loop for ever.", "cycle", 4}, // four rounds are a loop: the request that carries the fourth result is not made
		{"Spend it all.", "budget", 2},
	} {
		t.Run(c.prompt, func(t *testing.T) {
			t.Parallel()
			s := modelShop(t)
			began := time.Now()
			s.must(s.force.Start(t.Context(), s.attempt(1, "mind", "coder", c.prompt)))
			o := s.outcome()
			if o.Finish != task.FinishStopped || o.Why == "" || o.Rule != c.rule || o.Spent.Requests != c.requests {
				t.Errorf("after %s: %+v", time.Since(began), o)
			}
			if o.Head != "" {
				t.Errorf("a stopped attempt left %s", o.Head)
			}
			if o.Spent.NanoUSD > 1e9 {
				t.Errorf("it spent %d nano-USD of 1e9", o.Spent.NanoUSD)
			}
		})
	}
}

// TestTalkEnds: an agent that only talks has made nothing, and that does not take long.
func TestTalkEnds(t *testing.T) {
	t.Parallel()
	s := modelShop(t)
	s.must(s.force.Start(t.Context(), s.attempt(1, "mind", "coder", "Talk for ever.")))
	if o := s.outcome(); o.Finish == task.FinishDone || o.Head != "" || o.Spent.Requests > 4 {
		t.Errorf("%+v", o)
	}
}

// TestReview: a reviewer's verdict needs a comment to stand on, and arrives with it.
func TestReview(t *testing.T) {
	t.Parallel()
	s := modelShop(t)
	a := s.attempt(1, "critic", "reviewer", "Read it.")
	a.Head = s.main
	s.must(s.force.Start(t.Context(), a))
	o := s.outcome()
	if o.Finish != task.FinishDone || o.Review == nil || o.Review.Outcome != change.ReviewChanges || len(o.Review.Comments) != 1 ||
		o.Review.Comments[0].Path != "src/a.txt" || o.Review.Message != "It must say two." {
		t.Errorf("%+v, review %+v", o, o.Review)
	}
	if o.Head != "" {
		t.Errorf("a reviewer left %s", o.Head)
	}
}

// TestEscalation: a question to the operator ends the attempt, whatever lies in the checkout.
func TestEscalation(t *testing.T) {
	t.Parallel()
	s := modelShop(t)
	s.must(s.force.Start(t.Context(), s.attempt(1, "mind", "coder", "Ask me.")))
	if o := s.outcome(); o.Finish != task.FinishEscalated || o.Why != "Which of the two?" {
		t.Errorf("%+v", o)
	}
}

// TestSpendingOutlivesTheDaemon: another workforce of the same kernel knows what tasks and agents have spent.
func TestSpendingOutlivesTheDaemon(t *testing.T) {
	t.Parallel()
	for _, prompt := range []string{"Make it two.", "Loop for ever."} { // the second one's last request is refused and on record
		for !spendsOn(t, prompt, time.Now().UTC().Format(time.DateOnly)) { // midnight came between: purses are of a day
		}
	}
}

// spendsOn says whether it was still that day at the end.
func spendsOn(t *testing.T, prompt, day string) bool {
	s := modelShop(t)
	s.must(s.force.Start(t.Context(), s.attempt(1, "mind", "coder", prompt)))
	o := s.outcome()
	s.must(s.kernel.Ledger().Flush(t.Context()))
	book, err := openBook(t.Context(), s.kernel.Repo(), time.Now())
	s.must(err)
	if time.Now().UTC().Format(time.DateOnly) != day {
		return false
	}
	for _, purse := range []string{"task/" + taskID(1), "agent/mind/" + day, "day/" + day} {
		got := book.(*gateway.Memory).Spent(purse)
		if got.NanoUSD != o.Spent.NanoUSD || got.Tokens != o.Spent.Tokens || got.Requests != o.Spent.Requests {
			t.Errorf("%s: %+v, want %+v", purse, got, o.Spent)
		}
	}
	return true
}
