package oci

import (
	"bytes"
	"cmp"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// TestAsTheLibrary: go-containerregistry writes the same bytes into the same files.
func TestAsTheLibrary(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Image){
		"sample":  func(*Image) {},
		"bare":    func(i *Image) { i.Args, i.Env, i.Labels, i.Name = nil, nil, nil, "" },
		"filled":  func(i *Image) { i.User, i.WorkDir, i.Env = "1000", "/etc/hello", []string{"A=<&>", "B=\u2028\xff"} },
		"emptied": func(i *Image) { i.Args, i.Env, i.Labels = []string{}, []string{}, map[string]string{} },
	} {
		image := sample(t)
		change(&image)
		dir, d := pack(t, image)
		theirs, digest := byLibrary(t, image)
		if digest != d.Manifest {
			t.Errorf("%s: manifest %s, not %s", name, d.Manifest, digest)
		}
		want := files(t, theirs)
		if got := files(t, dir); !maps.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%s: %v, not %v", name, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
}

// byLibrary writes an image with go-containerregistry and says its digest.
func byLibrary(t *testing.T, image Image) (dir, digest string) {
	t.Helper()
	var text bytes.Buffer
	if err := writeTar(t.Context(), &text, image); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text.Bytes())), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		t.Fatal(err)
	}
	built, err := mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), mutate.Addendum{Layer: layer,
		MediaType: types.OCILayer, History: v1.History{Created: v1.Time{Time: image.Created.UTC()}, CreatedBy: "adamant build"}})
	if err != nil {
		t.Fatal(err)
	}
	config, err := built.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config.OS, config.Architecture, config.Created = "linux", "amd64", v1.Time{Time: image.Created.UTC()}
	config.Config = v1.Config{Entrypoint: image.Entrypoint, Cmd: image.Args, Env: image.Env, User: cmp.Or(image.User, "65532:65532"),
		WorkingDir: cmp.Or(image.WorkDir, "/"), Labels: image.Labels}
	if built, err = mutate.ConfigFile(built, config); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	to, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	options := []layout.Option{layout.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"})}
	if image.Name != "" {
		options = append(options, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": image.Name}))
	}
	if err := to.AppendImage(built, options...); err != nil {
		t.Fatal(err)
	}
	hash, err := built.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return dir, hash.String()
}

// files are the contents of a folder's files by path.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[path], err = os.ReadFile(filepath.Join(dir, path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
