//go:build clis

package interop

import (
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

func TestServe(t *testing.T) {
	addr := os.Getenv("ADAMANT_MODEL_ADDR")
	if addr == "" {
		t.Skip()
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(l, newModel(featureTurns))
	time.Sleep(20 * time.Minute)
}

var featureTurns = []turn{
	{reasoning: "I must look first.", text: "I read the file.", calls: []call{{verb: "read", path: "/tmp/X/repo/greet.txt"}}},
	{text: "Now I change it.", calls: []call{{verb: "edit", path: "/tmp/X/repo/greet.txt", old: "hello", new: "good day"}}},
	{text: "A second file.", calls: []call{{verb: "write", path: "/tmp/X/repo/NEW.md", new: "# New\n"}}},
	{calls: []call{{verb: "shell", command: "ls; git status --short"}}},
	{text: "greet.txt says good day, NEW.md is there."},
}
