// Package oci packs static programs into an OCI image layout: one layer, no base, no container engine. It promises the same digest for
// the same inputs on any machine. It never reads the clock, never runs a program and never reaches a registry.
package oci

import (
	"context"
	"errors"
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
	Layer    string `json:"layer"`
	Size     int64  `json:"size"` // bytes of the manifest
}

// Write makes an image layout in dir, which must be empty or missing.
func Write(ctx context.Context, dir string, image Image) (Digests, error) {
	return Digests{}, errors.New("oci: not written yet")
}
