// Package describe says what is in what a build made: an SBOM and the known vulnerabilities of each artifact, and an OCI image of them.
// It promises that all of it is about the very bytes whose digests the build's record has, and that statements are made from the
// record, the artifacts and lock files alone. It never signs, and never decides whether an artifact is good enough.
package describe

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/build/oci"
	"github.com/adamant-os/adamant/internal/build/sbom"
	"github.com/adamant-os/adamant/internal/build/vuln"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Contents are what some artifacts of one build are made of: one Go program, all that
// is none and has the parts of the lock files, or an image.
type Contents struct {
	Name      string // of the program; of the target for the others
	Artifacts []build.Artifact
	Program   bool // the first artifact is a Go program
	Packages  []sbom.Package
	SBOM      []byte // CycloneDX JSON
}

// Of reads what the artifacts of a record are made of, in the order of the record. Those whose lock files and programs name nothing
// are listed with no parts. images are those of the record's artifacts that Image made: they hold all the others.
func Of(record *build.Record, images ...build.Artifact) ([]Contents, error) {
	locked := sbom.FromLayers(record.Layers)
	others := Contents{Name: record.Job.Target.Name, Packages: locked}
	var all []Contents
	for _, a := range record.Artifacts {
		if slices.Contains(images, a) {
			continue
		}
		packages, err := goParts(a)
		switch {
		case errors.Is(err, sbom.ErrNotGo):
			others.Artifacts = append(others.Artifacts, a)
		case err != nil:
			return nil, fmt.Errorf("describe %s: %w", a.Name, err)
		default:
			all = append(all, Contents{Name: a.Name, Artifacts: []build.Artifact{a}, Program: true, Packages: withDigests(packages, locked)})
		}
	}
	if len(others.Artifacts) > 0 {
		all = append(all, others)
	}
	all = withImages(all, images)
	for i := range all {
		if err := all[i].write(record.Job); err != nil {
			return nil, fmt.Errorf("describe %s: %w", all[i].Name, err)
		}
	}
	return all, nil
}

// withImages adds images to the one that they hold; where they hold several, they have parts of their own: all of them.
func withImages(all []Contents, images []build.Artifact) []Contents {
	switch {
	case len(images) == 0:
		return all
	case len(all) == 1:
		all[0].Artifacts = append(all[0].Artifacts, images...)
		return all
	}
	image := Contents{Name: images[0].Name, Artifacts: images}
	for _, c := range all {
		image.Packages = append(image.Packages, c.Packages...)
	}
	return append(all, image)
}

// write makes the SBOM.
func (c *Contents) write(job build.Job) error {
	subject := sbom.Subject{Name: c.Name, Version: string(job.Commit)}
	if len(c.Artifacts) == 1 {
		subject.SHA256 = c.Artifacts[0].SHA256
	}
	var err error
	c.SBOM, err = sbom.Write(subject, c.Packages)
	return err
}

// goParts reads a Go program's modules.
func goParts(a build.Artifact) ([]sbom.Package, error) {
	file, err := open(a)
	if err != nil {
		return nil, err
	}
	packages, err := sbom.FromGoBinary(file)
	return packages, errors.Join(err, file.Close())
}

// open opens an artifact and makes sure that it is the one that was built.
func open(a build.Artifact) (*os.File, error) {
	file, err := os.Open(a.Path)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	if got := hex.EncodeToString(sum.Sum(nil)); err == nil && got != a.SHA256 {
		err = fmt.Errorf("it was changed since it was built: it is sha256:%s", got)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// withDigests adds what the lock file's downloads had to what a program says about itself.
func withDigests(packages, locked []sbom.Package) []sbom.Package {
	known := map[string]sbom.Package{}
	for _, p := range locked {
		known[p.PURL()] = p
	}
	for i, p := range packages {
		if have, ok := known[p.PURL()]; ok && (p.Digests["dirHash"] == "" || p.Digests["dirHash"] == have.Digests["dirHash"]) {
			packages[i].Digests = maps.Clone(have.Digests)
		}
	}
	return packages
}

// Statement is an in-toto statement about artifacts, in canonical JSON.
func Statement(artifacts []build.Artifact, predicateType string, predicate []byte) ([]byte, error) {
	var subjects []build.Descriptor
	for _, a := range artifacts {
		subjects = append(subjects, build.Descriptor{Name: a.Name, Digest: map[string]string{"sha256": a.SHA256}})
	}
	if len(subjects) == 0 {
		return nil, errors.New("a statement needs a subject")
	}
	d := json.NewDecoder(bytes.NewReader(predicate))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("state %s: %w", predicateType, err)
	}
	return manifest.CanonicalJSON(struct {
		Type          string             `json:"_type"`
		Subject       []build.Descriptor `json:"subject"`
		PredicateType string             `json:"predicateType"`
		Predicate     any                `json:"predicate"`
	}{build.StatementType, subjects, predicateType, value})
}

// Scan looks the parts up in the OSV records below folder; see vuln.Scan.
func (c Contents) Scan(ctx context.Context, folder string) (vuln.Report, error) {
	return vuln.Scan(ctx, folder, c.Packages, nil)
}

// Image packs the artifacts of a record as its target's Image says, into a new folder, and returns the image as one more artifact: its
// digest is that of the manifest, which is what an image reference pins.
func Image(ctx context.Context, record *build.Record, dir string) (build.Artifact, error) {
	target := record.Job.Target
	if target.Image == nil {
		return build.Artifact{}, fmt.Errorf("pack %s: it has no image", target.Name)
	}
	if err := whole(record.Artifacts); err != nil {
		return build.Artifact{}, fmt.Errorf("pack %s: %w", target.Name, err)
	}
	image, err := imageOf(record, *target.Image)
	if err != nil {
		return build.Artifact{}, fmt.Errorf("pack %s: %w", target.Name, err)
	}
	staged, err := os.MkdirTemp(filepath.Dir(dir), ".image-")
	if err != nil {
		return build.Artifact{}, fmt.Errorf("pack %s: %w", target.Name, err)
	}
	digests, err := oci.Write(ctx, staged, image)
	if err == nil {
		err = errors.Join(os.Chmod(staged, 0o755), os.RemoveAll(dir), os.Rename(staged, dir))
	}
	if err != nil {
		return build.Artifact{}, errors.Join(fmt.Errorf("pack %s: %w", target.Name, err), os.RemoveAll(staged))
	}
	return build.Artifact{Name: "oci:" + image.Name, SHA256: strings.TrimPrefix(digests.Manifest, "sha256:"), Size: digests.Size, Mode: 0o644, Path: dir}, nil
}

// whole refuses artifacts that are not what was built any more.
func whole(artifacts []build.Artifact) error {
	for _, a := range artifacts {
		file, err := open(a)
		if err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

// imageOf is the image that settings ask for.
func imageOf(record *build.Record, settings manifest.BuildImage) (oci.Image, error) {
	target := record.Job.Target
	_, arch, _ := strings.Cut(cmp.Or(target.Platform, "linux/"+runtime.GOARCH), "/")
	if target.Platform != "" && !strings.HasPrefix(target.Platform, "linux/") {
		return oci.Image{}, &oci.RefusedError{Reason: fmt.Sprintf("its platform is %s, and images are for linux", target.Platform)}
	}
	labels := map[string]string{"org.opencontainers.image.revision": string(record.Job.Commit), "org.opencontainers.image.source": record.Job.Repository}
	maps.Copy(labels, settings.Labels)
	image := oci.Image{Entrypoint: settings.Entrypoint, Args: settings.Args, User: settings.User, OS: "linux", Arch: arch,
		Created: time.Unix(record.Epoch, 0), Labels: labels, Name: cmp.Or(settings.Name, target.Name), Env: environment(settings.Env)}
	for _, a := range record.Artifacts {
		image.Files = append(image.Files, oci.File{Path: "/" + a.Name, Source: a.Path, Mode: a.Mode})
	}
	if len(image.Entrypoint) == 0 {
		if len(record.Artifacts) != 1 {
			return oci.Image{}, &oci.RefusedError{Reason: fmt.Sprintf("it has %d artifacts: name one in image.entrypoint", len(record.Artifacts))}
		}
		image.Entrypoint = []string{image.Files[0].Path}
	}
	return image, nil
}

// environment is KEY=value, sorted.
func environment(variables map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		list = append(list, name+"="+variables[name])
	}
	return list
}
