package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/sandbox"
)

// toolchain finds the target's tools, shows those that are outside of the system's folders, and notes their digests.
func (r *run) toolchain(context.Context) error {
	for _, name := range tools(r.target) {
		tool, err := r.find(name)
		if err != nil {
			return err
		}
		r.record.Resolved = append(r.record.Resolved, tool)
	}
	for _, file := range []string{"/var/lib/dpkg/status", "/lib/apk/db/installed", "/etc/os-release"} {
		digest, err := r.digest(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("build %s: %w", r.target.Name, err)
		}
		r.record.Resolved = append(r.record.Resolved, Descriptor{Name: "system", URI: "file://" + file, Digest: map[string]string{"sha256": digest},
			Annotations: map[string]string{"kind": "system", "platform": runtime.GOOS + "/" + runtime.GOARCH}})
		break
	}
	return nil
}

// find is one tool: where the build finds it, by what it is named and the digest of its program.
func (r *run) find(name string) (Descriptor, error) {
	path, err := sandbox.Lookup(name, "/", []string{"PATH=" + systemPath})
	if err != nil && name == "go" {
		path, err = r.foreignGo()
	}
	if err != nil {
		return Descriptor{}, fmt.Errorf("build target %s: the tool %s is not in %s: install it there", r.target.Name, name, systemPath)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Descriptor{}, fmt.Errorf("build target %s: the tool %s: %w", r.target.Name, name, err)
	}
	notes := map[string]string{"kind": "tool"}
	digest, err := "", error(nil)
	if name == "go" {
		var version string
		digest, version, err = r.goDigest(filepath.Dir(filepath.Dir(real)))
		notes["version"] = version
		notes["covers"] = "VERSION, bin/go, pkg/tool, src"
	} else {
		digest, err = r.digest(real)
	}
	if err != nil {
		return Descriptor{}, fmt.Errorf("build target %s: the tool %s: %w", r.target.Name, name, err)
	}
	return Descriptor{Name: name, URI: "file://" + path, Digest: map[string]string{"sha256": digest}, Annotations: notes}, nil
}

// foreignGo shows a Go toolchain that lies somewhere else on the host, where the caller's PATH has one.
func (r *run) foreignGo() (string, error) {
	path, err := sandbox.Lookup("go", "/", []string{"PATH=" + r.options.Path})
	if err != nil {
		return "", err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	root := filepath.Dir(filepath.Dir(path))
	if _, err := os.Stat(filepath.Join(root, "VERSION")); err != nil {
		return "", err
	}
	r.mounts = append(r.mounts, sandbox.Mount{Source: root, Target: toolPlace + "go"})
	r.env["PATH"] = toolPlace + "go/bin:" + r.env["PATH"]
	return path, nil
}

// goDigest is the digest of a Go toolchain: of everything that decides what it compiles to. The version is what it says of itself.
func (r *run) goDigest(root string) (digest, version string, err error) {
	text, err := os.ReadFile(filepath.Join(root, "VERSION"))
	if err != nil {
		return "", "", err
	}
	version, _, _ = strings.Cut(string(text), "\n")
	tools, err := filepath.Glob(filepath.Join(root, "pkg", "tool", "*", "*"))
	if err != nil {
		return "", "", err
	}
	watched := slices.Concat([]string{filepath.Join(root, "VERSION"), filepath.Join(root, "bin", "go"), filepath.Join(root, "src")}, tools)
	digest, err = r.remembered(watched, func() (string, error) {
		sum := sha256.New()
		for _, part := range []string{"VERSION", "bin/go", "pkg/tool", "src"} {
			if err := treeDigest(sum, root, part); err != nil {
				return "", err
			}
		}
		return hex.EncodeToString(sum.Sum(nil)), nil
	})
	return digest, version, err
}

// treeDigest adds the names and contents of all regular files below a part of root, in the order of their names.
func treeDigest(sum io.Writer, root, part string) error {
	return filepath.WalkDir(filepath.Join(root, part), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		digest, err := fileDigest(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		fmt.Fprintf(sum, "%s  %s\n", digest, filepath.ToSlash(name))
		return err
	})
}

func fileDigest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// digest is the SHA-256 of a file of the host.
func (r *run) digest(path string) (string, error) {
	return r.remembered([]string{path}, func() (string, error) { return fileDigest(path) })
}

// remembered takes a digest anew only when one of the files is another than last time: by place, size and times, the one of the inode
// included, which nobody can set back.
func (b *Builder) remembered(files []string, take func() (string, error)) (string, error) {
	sum := sha256.New()
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %s\n", path, inode(info))
	}
	known := filepath.Join(b.options.Dir, "cache", "digest-"+hex.EncodeToString(sum.Sum(nil)))
	var digest string
	if text, err := os.ReadFile(known); err == nil && json.Unmarshal(text, &digest) == nil && len(digest) == 64 {
		return digest, nil
	}
	digest, err := take()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(digest)
	if err != nil {
		return "", err
	}
	return digest, writeFile(known, text)
}

// writeFile writes a file at once: nobody reads half of it.
func writeFile(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
