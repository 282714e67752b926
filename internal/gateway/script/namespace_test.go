package script

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Codex declares the control plane's tools in a group, and takes a call of one only with the group's name beside it.
func TestNamespace(t *testing.T) {
	t.Parallel()
	body := `{"model":"m","stream":true,"input":[{"role":"user","content":"go"}],"tools":[{"type":"namespace","name":"mcp__adamant","tools":[{"type":"function","name":"finish","parameters":{"type":"object"}}]}]}`
	q, err := wire.ReadRequest(wire.Responses, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	turn := manifest.ScriptTurn{Calls: []manifest.ScriptCall{{Tool: &manifest.ScriptTool{Name: "finish"}}}}
	player := NewPlayer(New(&manifest.Script{Spec: manifest.ScriptSpec{Parts: []manifest.ScriptPart{{Name: "p", Turns: []manifest.ScriptTurn{turn}}}}}))
	answer, err := player.Answer(t.Context(), Ask{Request: q})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	out, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		var e struct {
			Type string
			Item struct{ Type, Name, Namespace string }
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok || json.Unmarshal([]byte(data), &e) != nil || e.Type != "response.output_item.done" {
			continue
		}
		if e.Item.Type != "function_call" || e.Item.Name != "finish" || e.Item.Namespace != "mcp__adamant" {
			t.Errorf("%s", line)
		}
		return
	}
	t.Errorf("no call in %s", out)
}
