package gateway

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

// long is a request as a CLI sends it late in a task: many tools, a long conversation.
func long(f wire.Format, size int) string {
	var tools, messages []string
	for i := range 20 {
		tools = append(tools, fmt.Sprintf(`{"name":"tool%d","description":%q,"input_schema":{"type":"object","properties":{"a":{"type":"string"}}}}`, i, strings.Repeat("what it does and when \\n", 90)))
	}
	tools = append(tools, `{"name":"run","input_schema":{"type":"object","required":["command"],"properties":{"command":{"type":"string"}}}}`)
	output := strings.Repeat(`\tif err != nil {\n\t\treturn \"x\"\n\t}\n`, 60)
	for n := 0; n < size; n += len(output) + 300 {
		messages = append(messages, `{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"run","input":{"command":"go test ./..."}}]}`,
			`{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"`+output+`"}]}]}`)
	}
	return `{"model":"` + models[f] + `","stream":true,"max_tokens":32000,"messages":[{"role":"user","content":"go"},` + strings.Join(messages, ",") +
		`],"tools":[` + strings.Join(tools, ",") + `]}`
}

// BenchmarkOverhead compares a request through the gateway with the same one sent directly, in turns.
func BenchmarkOverhead(b *testing.B) {
	for _, size := range []int{6 << 10, 100 << 10, 400 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			answer := simple
			answer.Text = strings.Repeat("some words of an answer ", 60)
			p := newPlace(b, setting{provider: says(wire.Anthropic, answer)})
			body := long(wire.Anthropic, size)
			var direct, through []time.Duration
			for b.Loop() {
				p.mu.Lock()
				p.asked, p.headers, p.exchanges = nil, nil, nil
				p.mu.Unlock()
				direct = append(direct, timed(b, p.gateway.providers[0].BaseURL+"/v1/messages", "", body))
				through = append(through, timed(b, p.agent.URL+"/v1/messages", p.session.Token(), body))
			}
			b.ReportMetric(micros(direct, 95), "direct-p95-µs")
			b.ReportMetric(micros(through, 95), "gateway-p95-µs")
			var over []time.Duration
			for i := range direct {
				over = append(over, through[i]-direct[i])
			}
			b.ReportMetric(micros(over, 50), "overhead-p50-µs")
			b.ReportMetric(micros(over, 95), "overhead-p95-µs")
		})
	}
}

func timed(b *testing.B, url, token, body string) time.Duration {
	b.Helper()
	start := time.Now()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("X-Api-Key", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if err != nil || response.StatusCode != 200 {
		b.Fatal(response.StatusCode, err)
	}
	return time.Since(start)
}

func micros(list []time.Duration, percent int) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return float64(sorted[(len(sorted)-1)*percent/100].Microseconds())
}

// BenchmarkThirtySessions says what thirty sessions that all wait for an answer hold.
func BenchmarkThirtySessions(b *testing.B) {
	body := long(wire.Anthropic, 100<<10)
	for b.Loop() {
		release := make(chan struct{})
		var asked sync.WaitGroup
		asked.Add(30)
		provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			asked.Done()
			<-release
			write(w, wire.Anthropic, simple, true)
		}))
		g, err := New(Config{Prices: dear(b), Settings: manifest.Gateway{Providers: []manifest.Provider{{Name: "p", API: "anthropic", BaseURL: provider.URL, Models: []string{"*"}}}}})
		if err != nil {
			b.Fatal(err)
		}
		before := heap()
		var all sync.WaitGroup
		for i := range 30 {
			s, err := g.Open(b.Context(), Attempt{Attempt: fmt.Sprint(i), Models: []string{"claude-a"}, Budget: Budget{Requests: 9}})
			if err != nil {
				b.Fatal(err)
			}
			all.Go(func() {
				w := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodPost, "/v1/messages", strings.NewReader(body))
				r.Header.Set("X-Api-Key", s.Token())
				s.Handler().ServeHTTP(w, r)
			})
		}
		asked.Wait()
		b.ReportMetric(float64(heap()-before)/(1<<20), "MiB-held")
		close(release)
		all.Wait()
		provider.Close()
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// BenchmarkRead is what reading a request takes.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{100 << 10, 400 << 10} {
		body := []byte(long(wire.Anthropic, size))
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := wire.ReadRequest(wire.Anthropic, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
