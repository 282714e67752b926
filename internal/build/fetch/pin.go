package fetch

import (
	"archive/zip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/dirhash"
)

// sums hashes a file with SHA-256 and with further algorithms, by in-toto's names.
func sums(path string, further map[string]hash.Hash) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	all := map[string]hash.Hash{"sha256": sha256.New()}
	writers := []io.Writer{all["sha256"]}
	for name, h := range further {
		all[name] = h
		writers = append(writers, h)
	}
	if _, err := io.Copy(io.MultiWriter(writers...), file); err != nil {
		return nil, err
	}
	digests := map[string]string{}
	for name, h := range all {
		digests[name] = hex.EncodeToString(h.Sum(nil))
	}
	return digests, nil
}

// goSum is what go.sum states of a module: one of these directory hashes, over its zip or over its go.mod alone.
type goSum struct {
	sums []string // h1:<base64>
	zip  bool
}

func (g goSum) String() string { return strings.Join(g.sums, " or ") }

func (g goSum) check(path string) (map[string]string, error) {
	digests, err := sums(path, nil)
	if err != nil {
		return nil, err
	}
	got, err := g.hash(path)
	if err != nil {
		return nil, fmt.Errorf("it is no module: %w", err)
	}
	if !slices.Contains(g.sums, got) {
		return nil, fmt.Errorf("it is %s", brief(got))
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(got, "h1:"))
	digests["dirHash"] = hex.EncodeToString(raw)
	return digests, err
}

// maxModule bounds what a module's zip may grow to, in bytes; Go's own limit is half of it.
const maxModule = 1 << 30

func (g goSum) hash(path string) (string, error) {
	if !g.zip {
		return dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return os.Open(path) })
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return "", err
	}
	var total uint64
	for _, entry := range archive.File {
		total += min(entry.UncompressedSize64, maxModule+1)
	}
	if err := archive.Close(); err != nil {
		return "", err
	}
	if total > maxModule {
		return "", fmt.Errorf("it would unpack to more than %d bytes", maxModule)
	}
	return dirhash.HashZip(path, dirhash.Hash1)
}

// integrity is the strongest digest that a Subresource Integrity string has: what npm pins.
type integrity struct {
	algorithm string // sha512, sha384 or sha256
	hex       string
}

func (i integrity) String() string { return i.algorithm + ":" + i.hex }

func (i integrity) check(path string) (map[string]string, error) {
	further := map[string]hash.Hash{}
	switch i.algorithm {
	case "sha512":
		further[i.algorithm] = sha512.New()
	case "sha384":
		further[i.algorithm] = sha512.New384()
	}
	digests, err := sums(path, further)
	if err != nil {
		return nil, err
	}
	if digests[i.algorithm] != i.hex {
		return nil, fmt.Errorf("it is %s", brief(i.algorithm+":"+digests[i.algorithm]))
	}
	return digests, nil
}

// parseIntegrity reads a Subresource Integrity string. What is no better than SHA-1 pins nothing.
func parseIntegrity(text string) (integrity, error) {
	var best integrity
	for _, word := range strings.Fields(text) {
		word, _, _ = strings.Cut(word, "?")
		algorithm, value, _ := strings.Cut(word, "-")
		size := map[string]int{"sha256": 32, "sha384": 48, "sha512": 64}[algorithm]
		raw, err := base64.StdEncoding.DecodeString(value)
		if size == 0 || err != nil || len(raw) != size {
			continue
		}
		if algorithm > best.algorithm {
			best = integrity{algorithm, hex.EncodeToString(raw)}
		}
	}
	if best.hex == "" {
		return best, errors.New("no integrity of SHA-256 or better")
	}
	return best, nil
}
