package breaker

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTraces gives recorded runs to the breaker: those that ended well as they are, and with a loop put into each. ADAMANT_TRACES
// names a folder of trajectories in the form of mini-swe-agent with its results_summary.json (docs/breaker.md says which set).
func TestTraces(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("ADAMANT_TRACES")
	if folder == "" {
		t.Log("LEFT OUT: ADAMANT_TRACES names no folder, so the breaker was not tried on recorded runs")
		return
	}
	well := resolved(t, folder)
	var good, bad, steps, stopped, stoppedBad, nudged, caught int
	for name, events := range recordings(t, folder) {
		steps += len(events)
		out := run(events, Limits{RequestsPerMinute: DefaultRequestsPerMinute})
		if out.Stop != nil {
			t.Logf("%s (ended well: %v) turn %d: %s: %s", name, well[name], out.Stop.Turn, out.Stop.Rule, out.Stop.Reason)
		}
		if !well[name] {
			bad, stoppedBad = bad+1, stoppedBad+count(out.Stop != nil)
			continue
		}
		good, stopped, nudged = good+1, stopped+count(out.Stop != nil), nudged+count(out.Nudge != nil)
		looped, last := withLoop(name, events)
		if out := run(looped, Limits{}); out.Stop != nil && out.Stop.Turn <= last {
			caught++
		} else {
			t.Errorf("%s: a loop whose fourth round ends with turn %d: %+v", name, last, out.Stop)
		}
	}
	t.Logf("%d steps; %d of %d runs that end well are stopped, %d nudged; %d of the %d others are stopped; %d of %d loops are stopped within their fourth round",
		steps, stopped, good, nudged, stoppedBad, bad, caught, good)
	if good == 0 || stopped*1000 > 3*good {
		t.Errorf("more than 0.3 %% of healthy runs are stopped")
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// resolved tells which runs ended well.
func resolved(t *testing.T, folder string) map[string]bool {
	var summary struct {
		Instances []struct {
			ID       string `json:"instance_id"`
			Resolved bool   `json:"resolved"`
		} `json:"instances"`
	}
	readJSON(t, filepath.Join(folder, "results_summary.json"), &summary)
	well := map[string]bool{}
	for _, i := range summary.Instances {
		well[i.ID] = i.Resolved
	}
	return well
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// message is one of a trajectory's.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
	Extra   struct {
		Response struct {
			Created int64 `json:"created"`
		} `json:"response"`
	} `json:"extra"`
}

func recordings(t *testing.T, folder string) map[string][]Event {
	all := map[string][]Event{}
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		name, ok := strings.CutSuffix(filepath.Base(path), ".traj.json")
		if err != nil || !ok {
			return err
		}
		var trajectory struct {
			Messages []message `json:"messages"`
		}
		readJSON(t, path, &trajectory)
		all[name] = eventsOf(trajectory.Messages)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	blockPattern = regexp.MustCompile("(?s)```bash\n(.*?)\n```")
	exitPattern  = regexp.MustCompile(`<returncode>(-?\d+)</returncode>`)
)

// eventsOf reads each answer as the one command it has. One with several blocks, or with one that cannot be read, is a call that
// fits no tool; one without any is a monologue.
func eventsOf(messages []message) []Event {
	var events []Event
	for i, m := range messages {
		if m.Role != "assistant" {
			continue
		}
		e := Event{Turn: len(events)}
		if at := m.Extra.Response.Created; at > 0 {
			e.Time = time.Unix(at, 0).UTC()
		}
		if i+1 < len(messages) && messages[i+1].Role != "assistant" {
			e.Observation = messages[i+1].Content
		}
		if exit := exitPattern.FindStringSubmatch(e.Observation); exit != nil {
			e.Exit, _ = strconv.Atoi(exit[1]) // the pattern has digits only
		}
		switch blocks := blockPattern.FindAllStringSubmatch(m.Content, -1); {
		case len(blocks) == 1:
			e.Action, e.Args = "bash", command(blocks[0][1])
		case strings.Contains(m.Content, "```") && !strings.Contains(e.Observation, "found 0 actions"):
			_, rest, _ := strings.Cut(m.Content, "```")
			e.Action, e.Args, e.Invalid, e.Error = "bash", command(rest), true, "malformed call"
		default:
			e.Text = m.Content
		}
		events = append(events, e)
	}
	return events
}

func command(text string) json.RawMessage {
	args, _ := json.Marshal(map[string]string{"command": text}) // texts have a form in JSON
	return args
}

// withLoop cuts a run short and has it repeat one to five of its own commands, each time with other times, addresses, numbers and
// thoughts. It returns the turn with which the fourth round ends.
func withLoop(name string, events []Event) (looped []Event, last int) {
	seed := fnv.New64a()
	seed.Write([]byte(name))
	random := rand.New(rand.NewPCG(seed.Sum64(), 1))
	for _, e := range events {
		if e.Action != "" && !e.Invalid {
			looped = append(looped, e)
		}
	}
	period := min(1+random.IntN(longestCycle), len(looped))
	from := random.IntN(len(looped) - period + 1)
	round := append([]Event(nil), looped[from:from+period]...)
	looped = looped[:random.IntN(len(looped))]
	last = len(looped) + 4*period - 1
	for range 8 {
		for _, e := range round {
			e.Observation = fmt.Sprintf("[%02d:%02d:%02d] %s\nobject at 0x%012x took %d.%02d s, pid %d, /tmp/tmp%08x/out\n",
				10+random.IntN(14), random.IntN(60), random.IntN(60), e.Observation, random.Int64N(1<<47), random.IntN(9), random.IntN(100), 100+random.IntN(99_000), random.Uint32())
			if random.IntN(2) == 0 {
				e.Observation = strings.ReplaceAll(e.Observation, " ", "  ")
			}
			looped = append(looped, e)
		}
	}
	for i := range looped {
		looped[i].Turn, looped[i].Time = i, time.Time{}
	}
	return looped, last
}
