// Package oci packs static programs into an OCI image layout: one layer, no base, no container engine. It promises the same digest for
// the same inputs on any machine, with the same adamant: a later one may compress differently, and then DiffID is the same still. It
// never reads the clock, never runs a program and never reaches a registry.
package oci

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image is what is packed.
type Image struct {
	Files      []File            // in any order
	Entrypoint []string          // absolute paths inside
	Args       []string          // default arguments
	Env        []string          // KEY=value
	User       string            // uid[:gid]; empty: 65532:65532, which is nobody's
	WorkDir    string            // empty: /
	OS, Arch   string            // empty: linux, amd64
	Created    time.Time         // of the commit: SOURCE_DATE_EPOCH. Also the time of all files
	Labels     map[string]string // of the configuration: org.opencontainers.image.revision and the like
	Name       string            // org.opencontainers.image.ref.name in the index; may be empty
}

// File is one file of an image.
type File struct {
	Path   string // absolute inside, slash-separated, clean
	Source string // on the host
	Mode   uint32 // permission bits; 0: 0755
}

// Digests name what was written.
type Digests struct {
	Manifest string `json:"manifest"` // sha256:<hex>: what an image reference pins
	Config   string `json:"config"`
	Layer    string `json:"layer"`  // as it is stored, compressed
	DiffID   string `json:"diffID"` // of its tar
	Size     int64  `json:"size"`   // bytes of the manifest
}

// nobody is the user of images that name none.
const nobody = "65532:65532"

// Write makes an image layout in dir, which must be empty or missing.
func Write(ctx context.Context, dir string, image Image) (Digests, error) {
	d, err := write(ctx, dir, image)
	if err != nil {
		return Digests{}, fmt.Errorf("pack an image: %w", err)
	}
	return d, nil
}

func write(ctx context.Context, dir string, image Image) (Digests, error) {
	image.OS, image.Arch = cmp.Or(image.OS, "linux"), cmp.Or(image.Arch, "amd64")
	if err := errors.Join(check(image), vacant(dir)); err != nil {
		return Digests{}, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return stream(ctx, image), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return Digests{}, err
	}
	built, err := assemble(image, layer)
	if err != nil {
		return Digests{}, err
	}
	to, err := layout.Write(dir, empty.Index)
	if err != nil {
		return Digests{}, err
	}
	options := []layout.Option{layout.WithPlatform(v1.Platform{OS: image.OS, Architecture: image.Arch})}
	if image.Name != "" {
		options = append(options, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": image.Name}))
	}
	if err := errors.Join(to.AppendImage(built, options...), readable(dir)); err != nil {
		return Digests{}, err
	}
	return digests(built, layer)
}

// readable lets everybody read an image: the library leaves layers to their owner alone.
func readable(dir string) error {
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	for _, blob := range blobs {
		err = errors.Join(err, os.Chmod(blob, 0o644))
	}
	return err
}

// vacant refuses a folder with something in it.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty", dir)
	}
	return err
}

// assemble makes the image of a layer.
func assemble(image Image, layer v1.Layer) (v1.Image, error) {
	built := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	built, err := mutate.Append(built, mutate.Addendum{Layer: layer, MediaType: types.OCILayer,
		History: v1.History{Created: v1.Time{Time: image.Created.UTC()}, CreatedBy: "adamant build"}})
	if err != nil {
		return nil, err
	}
	config, err := built.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = image.OS, image.Arch, v1.Time{Time: image.Created.UTC()}
	config.Config = v1.Config{Entrypoint: image.Entrypoint, Cmd: image.Args, Env: image.Env, User: cmp.Or(image.User, nobody),
		WorkingDir: cmp.Or(image.WorkDir, "/"), Labels: maps.Clone(image.Labels)}
	return mutate.ConfigFile(built, config)
}

func digests(image v1.Image, layer v1.Layer) (Digests, error) {
	manifest, err1 := image.Digest()
	config, err2 := image.ConfigName()
	stored, err3 := layer.Digest()
	tar, err4 := layer.DiffID()
	size, err5 := image.Size()
	return Digests{manifest.String(), config.String(), stored.String(), tar.String(), size}, errors.Join(err1, err2, err3, err4, err5)
}

// inOrder are the files of an image by path.
func inOrder(files []File) []File {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files
}
