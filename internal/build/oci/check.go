package oci

import (
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// RefusedError says why an image could not run, or would not be what it says.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

func refuse(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// check refuses an image that could not run, or that would not be what it says.
func check(image Image) error {
	files := inOrder(image.Files)
	switch {
	case len(files) == 0:
		return refuse("it has no files")
	case image.Created.Unix() < 0 || image.Created.Nanosecond() != 0:
		return refuse("its time is not that of a commit")
	}
	for i, f := range files {
		if !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path || f.Path == "/" {
			return refuse("%q is no clean absolute path", f.Path)
		}
		if i > 0 && (files[i-1].Path == f.Path || slices.ContainsFunc(files, func(o File) bool { return strings.HasPrefix(f.Path, o.Path+"/") })) {
			return refuse("two files want the place of %s", f.Path)
		}
	}
	for _, variable := range image.Env {
		if name, _, ok := strings.Cut(variable, "="); !ok || name == "" {
			return refuse("%q is no environment variable", variable)
		}
	}
	if len(image.Entrypoint) == 0 {
		return refuse("it has no entry point")
	}
	at := slices.IndexFunc(files, func(f File) bool { return f.Path == image.Entrypoint[0] })
	if at < 0 {
		return refuse("its entry point %s is not among its files", image.Entrypoint[0])
	}
	return runs(files[at], image)
}

// machines are the names of processors in OCI images, by those of ELF.
func machines() map[elf.Machine]string {
	return map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_RISCV: "riscv64", elf.EM_PPC64: "ppc64le", elf.EM_S390: "s390x", elf.EM_386: "386", elf.EM_ARM: "arm"}
}

// runs refuses a program that needs something which is not in the image.
func runs(f File, image Image) error {
	file, err := os.Open(f.Source)
	if err != nil {
		return err
	}
	defer file.Close()
	head := make([]byte, 2)
	if _, err := io.ReadFull(file, head); err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	if string(head) == "#!" {
		return refuse("%s is a script, and the image has no interpreter", f.Path)
	}
	program, err := elf.NewFile(file)
	if err != nil {
		return refuse("%s is no program for %s: %v", f.Path, image.OS, err)
	}
	defer program.Close()
	if got := machines()[program.Machine]; got != image.Arch {
		return refuse("%s is a program for %s, the image is for %s", f.Path, program.Machine, image.Arch)
	}
	if slices.ContainsFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return refuse("%s needs a dynamic loader, and the image has none: build it with CGO_ENABLED=0, or link it statically", f.Path)
	}
	return nil
}
