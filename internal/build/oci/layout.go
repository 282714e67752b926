package oci

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"
)

// The media types of an image (image-spec v1).
const (
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// The documents of an image, as far as we fill them. The order of their fields is part of the digests.
type (
	descriptor struct {
		MediaType    string            `json:"mediaType"`
		Size         int64             `json:"size"`
		Digest       string            `json:"digest"`
		Annotations  map[string]string `json:"annotations,omitempty"`
		Platform     *platform         `json:"platform,omitempty"`
		ArtifactType string            `json:"artifactType,omitempty"`
	}
	platform struct {
		Architecture string `json:"architecture"`
		OS           string `json:"os"`
	}
	indexDocument struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Manifests     []descriptor `json:"manifests"`
	}
	manifestDocument struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Config        descriptor   `json:"config"`
		Layers        []descriptor `json:"layers"`
	}
	configDocument struct {
		Architecture string    `json:"architecture"`
		Created      time.Time `json:"created"`
		History      []history `json:"history"`
		OS           string    `json:"os"`
		RootFS       rootFS    `json:"rootfs"`
		Config       settings  `json:"config"`
	}
	history struct {
		Created   time.Time `json:"created"`
		CreatedBy string    `json:"created_by"`
	}
	rootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	}
	settings struct {
		Cmd        []string          `json:",omitempty"`
		Entrypoint []string          `json:",omitempty"`
		Env        []string          `json:",omitempty"`
		Labels     map[string]string `json:",omitempty"`
		User       string
		WorkingDir string
	}
)

// folder is one that becomes an image layout.
type folder string

// begin makes what every layout has.
func (f folder) begin() error {
	if err := os.MkdirAll(f.blob(""), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(string(f), "oci-layout"), []byte("{\n    \"imageLayoutVersion\": \"1.0.0\"\n}"), 0o644)
}

func (f folder) blob(name string) string { return filepath.Join(string(f), "blobs", "sha256", name) }

// document writes a document as a blob.
func (f folder) document(mediaType string, document any) (descriptor, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return descriptor{}, err
	}
	return f.add(mediaType, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// layer writes the layer of image and gives the digest of its tar besides.
func (f folder) layer(ctx context.Context, image Image) (stored descriptor, diffID string, err error) {
	tar := sha256.New()
	stored, err = f.add(mediaLayer, func(w io.Writer) error {
		buffered := bufio.NewWriterSize(w, 128<<10)
		packed, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
		if err != nil {
			return err
		}
		return errors.Join(writeTar(ctx, io.MultiWriter(packed, tar), image), packed.Close(), buffered.Flush())
	})
	return stored, digest(tar), err
}

// add writes a blob, which gets its name when its digest is known.
func (f folder) add(mediaType string, write func(io.Writer) error) (descriptor, error) {
	staged := f.blob("staged")
	file, err := os.Create(staged)
	if err != nil {
		return descriptor{}, err
	}
	sum := sha256.New()
	err = write(io.MultiWriter(file, sum))
	size, sizeErr := file.Seek(0, io.SeekCurrent)
	if err := errors.Join(err, sizeErr, file.Close()); err != nil {
		return descriptor{}, err
	}
	return descriptor{MediaType: mediaType, Size: size, Digest: digest(sum)}, os.Rename(staged, f.blob(hex.EncodeToString(sum.Sum(nil))))
}

func digest(sum hash.Hash) string { return "sha256:" + hex.EncodeToString(sum.Sum(nil)) }

// index ends a layout: its index names one image.
func (f folder) index(image descriptor) error {
	text, err := json.MarshalIndent(indexDocument{SchemaVersion: 2, MediaType: mediaIndex, Manifests: []descriptor{image}}, "", "   ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(string(f), "index.json"), text, 0o644)
}
