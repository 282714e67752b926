package gateway

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

// TestTraces compares the price table with what a provider billed, call by call, over recorded runs: ADAMANT_TRACES names a folder
// of trajectories in the form of mini-swe-agent (docs/gateway.md says which set it was measured with).
func TestTraces(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("ADAMANT_TRACES")
	if folder == "" {
		t.Log("LEFT OUT: ADAMANT_TRACES names no folder, so prices were not compared with a provider's bills")
		return
	}
	prices := price.New(&manifest.Prices{Spec: manifest.PricesSpec{Models: []manifest.Price{{Model: "*gemini-3-pro*",
		Rates: manifest.Rates{Input: "2", Output: "12", CacheRead: "0.20"},
		Above: []manifest.RatesAbove{{Tokens: 200_000, Rates: manifest.Rates{Input: "4", Output: "18", CacheRead: "0.40"}}}}}}})
	var calls, silent, billed, computed, exact int64
	var tokens Usage
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".traj.json") {
			return err
		}
		for _, response := range responsesOf(t, path) {
			reader := wire.NewReader(wire.Chat)
			if err := reader.Whole(response); err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			a := reader.Answer()
			if a.CostNano == nil || !a.HasInput || !a.HasOutput {
				silent++
				continue
			}
			q, _ := prices.Quote("", a.Model, time.Now())
			cost := q.Cost(a.Usage, "")
			calls, billed, computed, tokens = calls+1, billed+*a.CostNano, computed+cost, tokens.Plus(a.Usage)
			if cost == *a.CostNano {
				exact++
			}
		}
		return nil
	})
	if err != nil || calls == 0 {
		t.Fatalf("%d calls, %v", calls, err)
	}
	off := (computed - billed) * 1_000_000 / billed
	t.Logf("%d calls, %d fresh, %d cached, %d out; billed %d nano-USD, by the table %d: %d millionths off, %d calls to the nano-dollar; %d more without a bill",
		calls, tokens.Fresh, tokens.CacheRead, tokens.Output, billed, computed, off, exact, silent)
	if off > 30_000 || off < -30_000 {
		t.Errorf("the table is more than 3 %% off")
	}
}

func responsesOf(t *testing.T, path string) []json.RawMessage {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var run struct {
		Messages []struct {
			Extra struct {
				Response json.RawMessage `json:"response"`
			} `json:"extra"`
		} `json:"messages"`
	}
	if err := json.Unmarshal(data, &run); err != nil {
		t.Fatal(err)
	}
	var out []json.RawMessage
	for _, m := range run.Messages {
		if len(m.Extra.Response) > 0 {
			out = append(out, m.Extra.Response)
		}
	}
	return out
}
