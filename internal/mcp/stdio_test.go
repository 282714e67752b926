package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

const (
	hello = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}` + "\n" +
		`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n"
	call = `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"check"}}`
)

// talk gives the server some lines and returns what it says, by id; null is the id of those that have none.
func talk(t *testing.T, in io.Reader, tools Tools) map[string][]string {
	t.Helper()
	var out bytes.Buffer
	if err := Serve(t.Context(), in, &out, "v1", tools); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	said := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		var m struct {
			ID     json.RawMessage
			Error  *struct{ Code int }
			Result *struct{ IsError bool }
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		text := "ok"
		if m.Error != nil {
			text = fmt.Sprint(m.Error.Code)
		}
		said[string(m.ID)] = append(said[string(m.ID)], text)
	}
	return said
}

// Each of these used to end the server.
func TestLinesThatAreNoMessages(t *testing.T) {
	t.Parallel()
	long := `"params":"` + strings.Repeat("x", maxMessage) + `"}`
	for name, c := range map[string]struct{ line, id, want string }{
		"garbage":                 {"garbage", "null", "-32700"},
		"half a message":          {`{"jsonrpc":"2.0","id":5,"method":`, "5", "-32700"},
		"two on a line":           {`{"jsonrpc":"2.0","method":"x"}{"jsonrpc":"2.0","method":"x"}`, "null", "-32700"},
		"no object":               {"[1]", "null", "-32600"},
		"no text":                 {"\xff\xfe", "null", "-32700"},
		"another version":         {`{"jsonrpc":"1.0","id":5,"method":"ping"}`, "5", "-32600"},
		"an id that is none":      {`{"jsonrpc":"2.0","id":{},"method":"ping"}`, "null", "-32600"},
		"too long":                {`{"jsonrpc":"2.0","id":"a",` + long, `"a"`, "-32600"},
		"too long, and no id":     {`{"jsonrpc":"2.0",` + long, "null", "-32600"},
		"deep":                    {strings.Repeat("[", 200_000), "null", "-32700"},
		"an unknown method":       {`{"jsonrpc":"2.0","id":5,"method":"nope"}`, "5", "-32601"},
		"the same id once more":   {strings.Replace(call, "9", "1", 1), "1", "ok"},
		"nothing, then a message": {"\n\r\n" + `{"jsonrpc":"2.0","id":5,"method":"ping"}` + "\r", "5", "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := talk(t, strings.NewReader(hello+c.line+"\n"+call), everything())
			if len(said[c.id]) == 0 || said[c.id][len(said[c.id])-1] != c.want {
				t.Errorf("%s was answered by %v, want %s", name, said[c.id], c.want)
			}
			if len(said["9"]) != 1 || said["9"][0] != "ok" {
				t.Errorf("the call behind it: %v", said["9"])
			}
		})
	}
}

// The end of the input ends nothing that was asked before, and does not wait for what was given up.
func TestEndOfInput(t *testing.T) {
	t.Parallel()
	tools := everything()
	judged := tools.Check
	tools.Check = func(ctx context.Context, head string) (Answer[Verdict], error) {
		if head == "" {
			select {
			case <-time.After(50 * time.Millisecond): // longer than the end of the input takes
			case <-ctx.Done():
				return Answer[Verdict]{}, ctx.Err()
			}
			return judged(ctx, head)
		}
		<-ctx.Done()
		return Answer[Verdict]{}, ctx.Err()
	}
	if said := talk(t, strings.NewReader(hello+call), tools); len(said["9"]) != 1 {
		t.Errorf("the last call was not answered: %v", said)
	}
	given := `{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"check","arguments":{"head":"forever"}}}` + "\n" +
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8}}` + "\n"
	if said := talk(t, strings.NewReader(hello+given+call), tools); len(said["9"]) != 1 {
		t.Errorf("the call after one that was cancelled: %v", said)
	}
}

// Whatever comes in, the server answers the call behind it.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{"", "garbage", "{}", "[]", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":2,"result":{}}`, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":[]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.Contains(line, "9") || strings.Contains(line, "cancel") {
			return // it may be about the call behind it
		}
		if said := talk(t, strings.NewReader(hello+line+"\n"+call), everything()); len(said["9"]) != 1 {
			t.Errorf("%q: %v", line, said)
		}
	})
}
