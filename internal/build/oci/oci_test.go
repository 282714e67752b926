package oci

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// program is a static program, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "oci-test-")
	if err != nil {
		return "", err
	}
	source, path := filepath.Join(dir, "main.go"), filepath.Join(dir, "hello")
	err = os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"hello\") }\n"), 0o600)
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", path, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=amd64", "GOOS=linux")
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = errors.Join(err, errors.New(string(out)))
	}
	return path, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

func sample(t *testing.T) Image {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "settings")
	if err := os.WriteFile(text, []byte("key = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Image{Files: []File{{Path: "/usr/bin/hello", Source: path}, {Path: "/etc/hello/settings", Source: text, Mode: 0o644}}, Entrypoint: []string{"/usr/bin/hello"},
		Args: []string{"world"}, Env: []string{"A=1"}, Created: time.Unix(1_790_000_000, 0), Labels: map[string]string{"org.opencontainers.image.revision": "0123", "a": "b"}, Name: "hello"}
}

func pack(t *testing.T, image Image) (string, Digests) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image")
	d, err := Write(t.Context(), dir, image)
	if err != nil {
		t.Fatal(err)
	}
	return dir, d
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir, d := pack(t, sample(t))
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Digest.String() != d.Manifest || manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "hello" {
		t.Fatalf("%+v, %v", manifest, err)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c := config.Config; c.User != "65532:65532" || c.WorkingDir != "/" || c.Entrypoint[0] != "/usr/bin/hello" || c.Cmd[0] != "world" || c.Env[0] != "A=1" || c.Labels["a"] != "b" ||
		config.OS != "linux" || config.Architecture != "amd64" || config.Created.Unix() != 1_790_000_000 || config.RootFS.DiffIDs[0].String() != d.DiffID {
		t.Errorf("%+v", config)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	text, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	var got []string
	for r := tar.NewReader(text); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, h.Name+" "+os.FileMode(h.Mode).String())
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.ModTime.Unix() != 1_790_000_000 {
			t.Errorf("%+v", h)
		}
	}
	want := "etc/ -rwxr-xr-x|etc/hello/ -rwxr-xr-x|etc/hello/settings -rw-r--r--|usr/ -rwxr-xr-x|usr/bin/ -rwxr-xr-x|usr/bin/hello -rwxr-xr-x"
	if strings.Join(got, "|") != want {
		t.Errorf("%s", strings.Join(got, "|"))
	}
}

// TestSameDigest packs the same files from other places, in another order, with other times and modes on the host.
func TestReadable(t *testing.T) {
	t.Parallel()
	dir, _ := pack(t, sample(t))
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	if err != nil || len(blobs) != 3 {
		t.Fatalf("%v %v", blobs, err)
	}
	for _, blob := range blobs {
		if info, err := os.Stat(blob); err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v %v", blob, info.Mode(), err)
		}
	}
}

func TestSameDigest(t *testing.T) {
	t.Parallel()
	_, first := pack(t, sample(t))
	again := sample(t)
	again.Files[0], again.Files[1] = again.Files[1], again.Files[0]
	if err := errors.Join(os.Chmod(again.Files[0].Source, 0o444), os.Chtimes(again.Files[0].Source, time.Unix(1, 0), time.Unix(1, 0))); err != nil {
		t.Fatal(err)
	}
	again.Created = again.Created.In(time.FixedZone("elsewhere", 3600))
	dir, second := pack(t, again)
	if first != second {
		t.Errorf("%+v, then %+v", first, second)
	}
	again.Labels["a"] = "c"
	if _, third := pack(t, again); third.Manifest == first.Manifest || third.Layer != first.Layer {
		t.Errorf("%+v", third)
	}
	if _, err := Write(t.Context(), dir, again); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Image){
		"it has no files":                              func(i *Image) { i.Files = nil },
		"it has no entry point":                        func(i *Image) { i.Entrypoint = nil },
		"is not among its files":                       func(i *Image) { i.Entrypoint = []string{"/hello"} },
		"is no clean absolute path":                    func(i *Image) { i.Files[1].Path = "/etc/../x" },
		"two files want the place of /usr/bin/h":       func(i *Image) { i.Files[1].Path = "/usr/bin/hello" },
		"two files want the place of /usr/bin/hello/x": func(i *Image) { i.Files[1].Path = "/usr/bin/hello/x" },
		"is no environment variable":                   func(i *Image) { i.Env = []string{"A"} },
		"is a script":                                  func(i *Image) { i.Files[0].Source = script },
		"is no program for linux":                      func(i *Image) { i.Files[0].Source = i.Files[1].Source },
		"is a program for EM_X86_64":                   func(i *Image) { i.Arch = "arm64" },
		"needs a dynamic loader":                       func(i *Image) { i.Files[0].Source = "/bin/true" },
		"no such file":                                 func(i *Image) { i.Files[1].Source += "x" },
		"it is no file":                                func(i *Image) { i.Files[1].Source = "/" },
		"its time is not that of a commit":             func(i *Image) { i.Created = time.Time{} },
	} {
		image := sample(t)
		change(&image)
		if _, err := Write(t.Context(), filepath.Join(t.TempDir(), "x"), image); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Write(ctx, filepath.Join(t.TempDir(), "x"), sample(t)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
