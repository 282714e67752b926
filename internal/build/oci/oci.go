// Package oci packs static programs into an OCI image layout: one layer, no base, no container engine. It promises the same digest for
// the same inputs on any machine, with the same adamant: a later one may compress differently, and then DiffID is the same still. It
// never reads the clock, never runs a program and never reaches a registry.
package oci

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
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
	to := folder(dir)
	if err := to.begin(); err != nil {
		return Digests{}, err
	}
	layer, diffID, err := to.layer(ctx, image)
	if err != nil {
		return Digests{}, err
	}
	config, err := to.document(mediaConfig, configOf(image, diffID))
	if err != nil {
		return Digests{}, err
	}
	packed, err := to.document(mediaManifest, manifestDocument{SchemaVersion: 2, MediaType: mediaManifest, Config: config, Layers: []descriptor{layer}})
	if err != nil {
		return Digests{}, err
	}
	d := Digests{Manifest: packed.Digest, Config: config.Digest, Layer: layer.Digest, DiffID: diffID, Size: packed.Size}
	packed.Platform, packed.ArtifactType = &platform{OS: image.OS, Architecture: image.Arch}, mediaConfig
	if image.Name != "" {
		packed.Annotations = map[string]string{"org.opencontainers.image.ref.name": image.Name}
	}
	return d, to.index(packed)
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

// configOf is the configuration of an image whose tar has the digest diffID.
func configOf(image Image, diffID string) configDocument {
	created := image.Created.UTC()
	return configDocument{Architecture: image.Arch, OS: image.OS, Created: created, History: []history{{Created: created, CreatedBy: "adamant build"}},
		RootFS: rootFS{Type: "layers", DiffIDs: []string{diffID}},
		Config: settings{Entrypoint: image.Entrypoint, Cmd: image.Args, Env: image.Env, User: cmp.Or(image.User, nobody),
			WorkingDir: cmp.Or(image.WorkDir, "/"), Labels: image.Labels}}
}

// inOrder are the files of an image by path.
func inOrder(files []File) []File {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files
}
