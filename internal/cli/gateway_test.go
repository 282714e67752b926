package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestGatewayServe asks a served script over HTTP, as an agent does.
func TestGatewayServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const text = "apiVersion: adamant.dev/v1\nkind: Script\nmetadata: {name: x}\nspec:\n  parts:\n    - name: any\n      turns: [{say: hello, calls: [{run: ls}]}]\n"
	if err := os.WriteFile(filepath.Join(dir, "s.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	env := &Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Getenv: func(string) string { return "" }, Now: time.Now}
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	file := filepath.Join(dir, "address")
	go func() {
		code <- Main(ctx, env, []string{"gateway", "serve", "--script", "s.yaml", "--address-file", file})
	}()
	address, token := waitFor(t, file, code)
	if _, err := http.Head(address); err != nil {
		t.Error(err)
	}
	body := `{"model":"m","max_tokens":10,"messages":[{"role":"user","content":"go"}],"tools":[{"name":"Bash","input_schema":{"type":"object","properties":{"command":{"type":"string"}}}}]}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/v1/messages", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || !strings.Contains(string(answer), `"name":"Bash"`) {
		t.Errorf("%s, %v", answer, err)
	}
	cancel()
	if c := <-code; c != ExitOK || !strings.Contains(out.String(), "hello [Bash]") || !strings.Contains(errs.String(), "in 1 requests") {
		t.Errorf("exit %d\n%s\n%s", c, out.String(), errs.String())
	}
}

// waitFor waits until the command serves: the address and the token.
func waitFor(t *testing.T, file string, code <-chan int) (address, token string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case c := <-code:
			t.Fatalf("it ended with %d", c)
		case <-tick.C:
			if data, err := os.ReadFile(file); err == nil && bytes.Count(data, []byte("\n")) == 2 {
				lines := strings.Split(string(data), "\n")
				return lines[0], lines[1]
			}
		}
	}
}
