//go:build clis

package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// pinned are the packages of npm that the adapters are tested with.
var pinned = []string{
	"@anthropic-ai/claude-code@2.1.330", "@openai/codex@0.169.0", "@mariozechner/pi-coding-agent@0.73.1",
	"@agentclientprotocol/claude-agent-acp@0.49.0", "opencode-ai@1.18.33",
}

var installation struct {
	once sync.Once
	dir  string
	why  string
}

// program returns a CLI of the pinned packages. They are installed once into ADAMANT_CLIS, or a folder of the user's cache.
func program(t *testing.T, name string) string {
	t.Helper()
	installation.once.Do(func() { installation.dir, installation.why = install() })
	if installation.why != "" {
		t.Fatal(installation.why)
	}
	return filepath.Join(installation.dir, "node_modules", ".bin", name)
}

func install() (dir, why string) {
	dir = os.Getenv("ADAMANT_CLIS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", "no folder for the CLIs: " + err.Error() + "; set ADAMANT_CLIS"
		}
		dir = filepath.Join(cache, "adamant", "clis")
	}
	if complete(dir) {
		return dir, ""
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", "install the CLIs: " + err.Error()
	}
	if _, err := os.Stat(filepath.Join(dir, "package.json")); err != nil {
		if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private":true}`), 0o644); err != nil {
			return "", "install the CLIs: " + err.Error()
		}
	}
	cmd := exec.Command("npm", append([]string{"install", "--no-audit", "--no-fund", "--save-exact", "--fetch-retries=1"}, pinned...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return dir, ""
	}
	text := string(out)
	for _, sign := range []string{"ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "ENETUNREACH"} {
		if strings.Contains(text, sign) {
			return "", "the npm registry is not reachable (" + sign + "): these tests need it once, to install " + strings.Join(pinned, ", ")
		}
	}
	return "", "npm install failed: " + err.Error() + "\n" + text
}

// complete reports whether a folder has every pinned package in its pinned version.
func complete(dir string) bool {
	for _, p := range pinned {
		name, version, _ := strings.Cut(p[1:], "@")
		data, err := os.ReadFile(filepath.Join(dir, "node_modules", p[:1]+name, "package.json"))
		var manifest struct{ Version string }
		if err != nil || json.Unmarshal(data, &manifest) != nil || manifest.Version != version {
			return false
		}
	}
	return true
}
