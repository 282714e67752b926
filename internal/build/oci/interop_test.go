//go:build interop

package oci

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestForeignTools lets skopeo and umoci read an image.
func TestForeignTools(t *testing.T) {
	for _, tool := range []string{"skopeo", "umoci"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("LEFT OUT: " + tool + " is not installed: apt-get install skopeo umoci")
		}
	}
	dir, d := pack(t, sample(t))
	out := command(t, "skopeo", "inspect", "oci:"+dir+":hello")
	var seen struct {
		Digest, Architecture, Os string
		Labels                   map[string]string
		Layers                   []string
	}
	if err := json.Unmarshal(out, &seen); err != nil || seen.Digest != d.Manifest || seen.Architecture != "amd64" || seen.Layers[0] != d.Layer || seen.Labels["a"] != "b" {
		t.Errorf("%s, %v", out, err)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	command(t, "skopeo", "copy", "--preserve-digests", "oci:"+dir+":hello", "dir:"+copied)
	bundle := filepath.Join(t.TempDir(), "bundle")
	command(t, "umoci", "unpack", "--rootless", "--image", dir+":hello", bundle)
	hello, err := exec.Command(filepath.Join(bundle, "rootfs", "usr", "bin", "hello")).CombinedOutput()
	if err != nil || !bytes.Equal(hello, []byte("hello\n")) {
		t.Errorf("%s, %v", hello, err)
	}
}

func command(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%s %v: %v: %s", name, args, err, exit.Stderr)
		}
		t.Fatal(err)
	}
	return out
}
