package model_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/model"
	"github.com/adamant-os/adamant/internal/agent/modeltest"
)

func apis() []string { return []string{agent.Anthropic, agent.OpenAIChat, agent.OpenAIResponses} }

func client(s *modeltest.Server, api string) *model.Client {
	return &model.Client{Endpoint: s.URL, Token: "adm_test", API: api, Model: "m", Idle: time.Minute}
}

func ask() model.Request {
	return model.Request{System: "be brief", Turns: []model.Turn{{Text: "hello <world>"}},
		Tools: []model.Tool{{Name: "read", Description: "reads", Schema: json.RawMessage(`{"type":"object"}`)}}}
}

// The same answer arrives whole in each format, and is given back in the provider's own form.
func TestAsk(t *testing.T) {
	t.Parallel()
	for _, api := range apis() {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			s := modeltest.Serve(t,
				modeltest.Turn{Text: "Ich lese \u00fcber 世界.", Reasoning: "first look", Input: 100, Output: 20,
					Calls: []modeltest.Call{{ID: "a", Tool: "read", Args: `{"path":"x.go"}`}, {ID: "b", Tool: "read", Args: `{"path":`}}},
				modeltest.Turn{Text: "done"})
			c := client(s, api)
			first, err := c.Ask(t.Context(), ask())
			if err != nil {
				t.Fatal(err)
			}
			if first.Text != "Ich lese \u00fcber 世界." || first.Reasoning != "first look" || first.Stop != model.StopCalls || !first.Model {
				t.Errorf("answer: %+v", first)
			}
			if len(first.Calls) != 2 || first.Calls[0] != (model.Call{ID: "a", Tool: "read", Args: `{"path":"x.go"}`}) || first.Calls[1].Args != `{"path":` {
				t.Errorf("calls: %+v", first.Calls)
			}
			if first.Usage.Fresh != 100 || first.Usage.CacheRead != 5 || first.Usage.Output != 20 || first.Usage.Input() != 105 {
				t.Errorf("usage: %+v", first.Usage)
			}
			r := ask()
			r.Turns = append(r.Turns, first.Turn, model.Turn{Text: "go on", Results: []model.Result{{ID: "a", Text: "package x"}, {ID: "b", Text: "bad arguments", Failed: true}}})
			second, err := c.Ask(t.Context(), r)
			if err != nil || second.Text != "done" || second.Stop != model.StopEnd {
				t.Fatalf("second: %+v, %v", second, err)
			}
			body := string(s.Requests()[1].Body)
			for _, want := range []string{"hello <world>", "package x", "bad arguments", "go on", "invalid_arguments", "世界"} {
				if !strings.Contains(body, want) {
					t.Errorf("the second request lacks %q: %s", want, body)
				}
			}
			if !json.Valid(s.Requests()[1].Body) {
				t.Error("the request is no JSON")
			}
			checkNative(t, api, body, s.Requests()[1].Header.Get("Authorization"), s.Requests()[1].Header.Get("X-Api-Key"))
		})
	}
}

func checkNative(t *testing.T, api, body, bearer, key string) {
	t.Helper()
	switch api {
	case agent.Anthropic:
		if key != "adm_test" || !strings.Contains(body, `"signature":"c2ln"`) || strings.Count(body, `"cache_control"`) != 3 || !strings.Contains(body, `"is_error":true`) {
			t.Errorf("key %q, body %s", key, body)
		}
	case agent.OpenAIChat:
		if bearer != "Bearer adm_test" || !strings.Contains(body, `"include_usage":true`) || !strings.Contains(body, `"tool_call_id":"b"`) {
			t.Errorf("key %q, body %s", bearer, body)
		}
	case agent.OpenAIResponses:
		if bearer != "Bearer adm_test" || !strings.Contains(body, `"encrypted_content":"ZW5j"`) || !strings.Contains(body, `"store":false`) {
			t.Errorf("key %q, body %s", bearer, body)
		}
	}
}

func TestStops(t *testing.T) {
	t.Parallel()
	for _, api := range apis() {
		s := modeltest.Serve(t, modeltest.Turn{Text: "x", Stop: "length"}, modeltest.Turn{Text: "x", Stop: "refused"})
		for _, want := range []model.Stop{model.StopLength, model.StopRefused} {
			if a, err := client(s, api).Ask(t.Context(), ask()); err != nil || a.Stop != want {
				t.Errorf("%s: %q, %v; want %q", api, a.Stop, err, want)
			}
		}
	}
}

// Every way an answer can go wrong is an error of its kind, and never half an answer.
func TestFaults(t *testing.T) {
	t.Parallel()
	call := []modeltest.Call{{ID: "a", Tool: "read", Args: `{"path":"x"}`}}
	for _, api := range apis() {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			s := modeltest.Serve(t,
				modeltest.Turn{Status: 429, Body: `{"error":{"type":"rate_limit_error","message":"slow down"}}`},
				modeltest.Turn{Status: 529, Body: "overloaded"},
				modeltest.Turn{Status: 400, Body: `{"error":{"code":"context_length_exceeded","message":"too much"}}`},
				modeltest.Turn{Text: "half", Calls: call, Cut: true},
				modeltest.Turn{Text: "half", Calls: call, Fail: true},
				modeltest.Turn{Text: "half", Calls: call, Hang: true})
			c := client(s, api)
			var refused *model.StatusError
			for _, want := range []int{429, 529, 400} {
				_, err := c.Ask(t.Context(), ask())
				if !errors.As(err, &refused) || refused.Status != want || refused.RetryAfter != "7" {
					t.Errorf("want %d, got %v", want, err)
				}
			}
			if !refused.TooLong() {
				t.Errorf("%v is not known as too long", refused)
			}
			for _, what := range []string{"cut", "failed", "hanging"} {
				var cut *model.CutError
				if what == "hanging" { // a busy machine is silent, too: only here it does not matter
					c.Idle = 100 * time.Millisecond
				}
				if _, err := c.Ask(t.Context(), ask()); !errors.As(err, &cut) {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
}

func TestAskUnknownFormat(t *testing.T) {
	t.Parallel()
	c := &model.Client{API: "smoke-signals"}
	if _, err := c.Ask(t.Context(), ask()); err == nil || !strings.Contains(err.Error(), "smoke-signals") {
		t.Errorf("error: %v", err)
	}
}

// A model that was cancelled is no cut answer: nobody is to ask again.
func TestAskCancelled(t *testing.T) {
	t.Parallel()
	s := modeltest.Serve(t, modeltest.Turn{Text: "x", Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := client(s, agent.OpenAIChat).Ask(ctx, ask())
	var cut *model.CutError
	if err == nil || errors.As(err, &cut) {
		t.Errorf("error: %v", err)
	}
}
