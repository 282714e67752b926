package change

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/oplog"
)

func samplePack(t testing.TB, bodies ...Body) Pack {
	t.Helper()
	ops := make([]Operation, len(bodies))
	for i, b := range bodies {
		ops[i] = Operation{Time: time.Date(2026, 3, 2, 9, 0, i, 0, time.UTC), Actor: "kernel:test", Body: b}
	}
	p, err := NewPack(3, ops)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func everyBody() []Body {
	h := oid(1)
	until := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	return []Body{Opening{Target: "main", Head: h, Title: "é"}, NewPatchSet{Head: h}, CheckStart{Head: h, Base: h, Attempt: 1}, CheckError{Head: h, Base: h, Attempt: 1, Error: "a\nb"},
		Assessed{Head: h, Base: h, Attempt: 1, Digest: "d", Decision: gate.Hold, ValidUntil: &until}, ReviewAsked{Head: h},
		Reviewed{Head: h, Outcome: ReviewOK, Comments: []Comment{{Text: "x", Path: "a", Line: 1}}}, Comment{Text: "x"}, Asked{Head: h, Cause: "c"},
		Approved{Head: h, Approval: gate.Approval{By: "ada"}}, Refused{Head: h}, Accepted{Head: h, Approval: gate.Approval{By: "ada"}},
		SoakStarted{Head: h, Since: until}, Enqueued{Head: h, Lane: LaneNormal}, Dequeued{Head: h}, MergeStarted{Head: h, Base: h, Attempt: 1},
		Landed{Head: h, Commit: h, Base: h}, InEnvironment{Environment: "prod", Commit: h}, RevertOpened{Change: "c"}, TakenBack{Change: "c", Commit: h},
		GivenUp{}, Stopped{}, Continued{}}
}

func TestEveryKindGoesThroughItsBytes(t *testing.T) {
	t.Parallel()
	bodies := everyBody()
	if len(bodies) != len(allKinds()) {
		t.Fatalf("%d bodies for %d kinds", len(bodies), len(allKinds()))
	}
	p := samplePack(t, bodies...)
	again, err := ParsePack(p.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if mustJSON(t, again.Operations) != mustJSON(t, p.Operations) || again.Digest != p.Digest || again.Lamport != 3 {
		t.Errorf("read\n%s\nwritten\n%s", mustJSON(t, again.Operations), mustJSON(t, p.Operations))
	}
	for i, b := range bodies {
		if got := again.Operations[i].Body.Kind(); got != allKinds()[i] || b.Kind() != got {
			t.Errorf("operation %d is %s, want %s", i, got, allKinds()[i])
		}
	}
}

func TestParsePackRefuses(t *testing.T) {
	t.Parallel()
	good := string(samplePack(t, Comment{Text: "x"}).Bytes)
	if _, err := ParsePack([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ from, to, want string }{
		"unknown field":   {`"v":1`, `"v":1,"w":2`, "unknown field"},
		"unknown in body": {`"text":"x"`, `"text":"x","u":1`, "unknown field"},
		"unknown kind":    {`"kind":"comment"`, `"kind":"dance"`, "dance"},
		"white space":     {`"v":1`, `"v": 1`, "canonical"},
		"order":           {`"kind":"comment","time":"2026-03-02T09:00:00Z"`, `"time":"2026-03-02T09:00:00Z","kind":"comment"`, "canonical"},
		"zone":            {`09:00:00Z`, `09:00:00+01:00`, "UTC"},
		"fractions":       {`09:00:00Z`, `09:00:00.5Z`, "whole seconds"},
		"no time":         {`2026-03-02T09:00:00Z`, `yesterday`, "RFC 3339"},
		"version 0":       {`"v":1`, `"v":0`, "first version"},
		"clock 0":         {`"lamport":3`, `"lamport":0`, "lamport"},
		"clock huge":      {`"lamport":3`, `"lamport":9007199254740993`, "lamport"},
		"empty text":      {`"text":"x"`, `"text":""`, "missing"},
		"control in name": {`"actor":"kernel:test"`, `"actor":"a\u0007"`, "control"},
		"no actor":        {`"actor":"kernel:test"`, `"actor":""`, "actor"},
		"two values":      {good, good + good, ""},
		"cut":             {good, good[:len(good)-1], ""},
		"null":            {good, "null", ""},
	} {
		_, err := ParsePack([]byte(strings.Replace(good, test.from, test.to, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	future := (*FutureError)(nil)
	if _, err := ParsePack([]byte(`{"v":2,"anything":[]}`)); !errors.As(err, &future) || future.Version != 2 {
		t.Errorf("a later version: %v", err)
	}
	if _, err := ParsePack(make([]byte, oplog.MaxPack+1)); err == nil {
		t.Error("a huge pack was read")
	}
}

func FuzzParsePack(f *testing.F) {
	f.Add(samplePack(f, everyBody()...).Bytes)
	for _, b := range everyBody() {
		f.Add(samplePack(f, b).Bytes)
	}
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePack(data)
		if err != nil {
			return
		}
		again, err := NewPack(p.Lamport, p.Operations)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if again.Digest != p.Digest && string(again.Bytes) != string(data) {
			// Fields at their zero value may be spelt or left out; what they say is the same.
			if mustJSON(t, Fold([]Pack{again}).PatchSets) != mustJSON(t, Fold([]Pack{p}).PatchSets) {
				t.Fatal("written again it says something else")
			}
		}
		s := Fold([]Pack{p})
		if Step(s, World{}).Why == "" {
			t.Fatal("a step without a reason")
		}
	})
}

func FuzzParseArchived(f *testing.F) {
	p, err := NewPack(1, []Operation{{Time: time.Unix(0, 0), Actor: "agent:a", Body: Opening{Target: "main", Head: oid(1)}}})
	if err != nil {
		f.Fatal(err)
	}
	line, err := archiveLine(Change{ID: p.Digest, Packs: []Pack{p}, State: Fold([]Pack{p})})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Fuzz(func(t *testing.T, line []byte) {
		c, err := parseArchived(line, oid(1))
		if err == nil && (c.ID != c.Packs[0].Digest || c.State.ID != c.ID) {
			t.Fatalf("read change %s as %s", c.Packs[0].Digest, c.ID)
		}
	})
}
