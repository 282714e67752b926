package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// systemFolders hold programs and libraries. Those that are symlinks on the host are symlinks inside.
var systemFolders = [...]string{"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix/store", "gnu/store"}

// systemFiles of /etc are of use to programs and hold no secrets.
var systemFiles = [...]string{
	"etc/alternatives", "etc/ca-certificates", "etc/ca-certificates.conf", "etc/crypto-policies", "etc/ld.so.cache", "etc/ld.so.conf", "etc/ld.so.conf.d",
	"etc/localtime", "etc/magic", "etc/mime.types", "etc/os-release", "etc/pki/ca-trust/extracted", "etc/pki/tls/certs", "etc/protocols", "etc/services",
	"etc/ssl/cert.pem", "etc/ssl/certs", "etc/ssl/openssl.cnf", "etc/terminfo", "etc/timezone",
}

// devices are all there is in /dev beside pseudo terminals and shared memory.
var devices = [...]string{"null", "zero", "full", "random", "urandom", "tty"}

// cloneTree makes a detached copy of what is mounted at path and below. It can gain no privilege, and nothing that is mounted on
// it later is seen elsewhere.
func cloneTree(path string, writable bool, without guards) (*os.File, error) {
	fd, err := unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return nil, fmt.Errorf("mount %s: %w", path, err)
	}
	attr := unix.MountAttr{Propagation: unix.MS_PRIVATE}
	if !without.has(guardNosuid) {
		attr.Attr_set |= unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	}
	if !writable {
		attr.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &attr); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("mount %s: %w", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// base is where the new root is put together; it hides the host's folder of that name, here only.
const base = "/tmp"

// minimalView replaces the file system by an empty one with the system's folders, the mounts, private processes, devices and
// temporary files.
func minimalView(s *setup) error {
	if s.Without.has(guardView) {
		return nil
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	r := &newRoot{setup: s}
	if err := r.collect(); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", base, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755,size=1m,nr_inodes=4096"); err != nil {
		return fmt.Errorf("make an empty root: %w", err)
	}
	var err error
	if r.fd, err = unix.Open(base, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("open the empty root: %w", err)
	}
	defer unix.Close(r.fd)
	if err := r.furnish(); err != nil {
		return err
	}
	if err := r.closeLayers(); err != nil {
		return err
	}
	return r.enter()
}

// newRoot is a root under construction.
type newRoot struct {
	setup *setup
	fd    int
	links map[string]string
	trees []tree
	above int // overlays
}

// tree is something to be mounted in the new root.
type tree struct {
	target string // without a leading slash
	file   *os.File
	folder bool
	theirs bool // of the Spec: what is made for it belongs to the programs
	over   bool // an overlay comes on it
}

// collect opens everything that is to be seen, while the host's file system still is.
func (r *newRoot) collect() error {
	r.links = map[string]string{}
	for _, name := range slices.Concat(systemFolders[:], systemFiles[:]) {
		info, err := os.Lstat("/" + name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return fmt.Errorf("mount /%s: %w", name, err)
		case info.Mode()&fs.ModeSymlink != 0 && !strings.HasPrefix(name, "etc/"):
			if r.links[name], err = os.Readlink("/" + name); err != nil {
				return fmt.Errorf("mount /%s: %w", name, err)
			}
			continue
		}
		if _, err := os.Stat("/" + name); errors.Is(err, fs.ErrNotExist) {
			continue // a link to nothing
		}
		if err := r.open("/"+name, name, r.setup.Without.has(guardReadOnly)); err != nil {
			return err
		}
	}
	for _, name := range devices {
		fd, err := unix.OpenTree(unix.AT_FDCWD, "/dev/"+name, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		if err != nil {
			return fmt.Errorf("mount /dev/%s: %w", name, err)
		}
		r.trees = append(r.trees, tree{target: "dev/" + name, file: os.NewFile(uintptr(fd), name)})
	}
	return r.collectMounts()
}

func (r *newRoot) collectMounts() error {
	mounts := slices.Clone(r.setup.Mounts)
	slices.SortStableFunc(mounts, func(a, b mountOrder) int { return strings.Compare(a.Target, b.Target) }) // outer ones first
	for _, m := range mounts {
		if err := r.add(m.tree, strings.TrimPrefix(m.Target, "/")); err != nil {
			return err
		}
		last := &r.trees[len(r.trees)-1]
		last.theirs, last.over = true, m.Overlay
	}
	return nil
}

func (r *newRoot) open(source, target string, writable bool) error {
	file, err := cloneTree(source, writable, r.setup.Without)
	if err != nil {
		return err
	}
	return r.add(file, target)
}

func (r *newRoot) add(file *os.File, target string) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("mount %s: %w", file.Name(), err)
	}
	r.trees = append(r.trees, tree{target: target, file: file, folder: info.IsDir()})
	return nil
}

// furnish fills the empty root.
func (r *newRoot) furnish() error {
	for _, name := range []string{"proc", "dev", "tmp", "run", "var", "etc", "root", "home"} {
		if err := os.Mkdir(filepath.Join(base, name), 0o755); err != nil {
			return fmt.Errorf("furnish the root: %w", err)
		}
	}
	for name, to := range map[string]string{"var/tmp": "/tmp", "var/run": "/run", "dev/fd": "/proc/self/fd", "dev/stdin": "/proc/self/fd/0",
		"dev/stdout": "/proc/self/fd/1", "dev/stderr": "/proc/self/fd/2", "dev/ptmx": "pts/ptmx"} {
		r.links[name] = to
	}
	for name, to := range r.links {
		if err := os.Symlink(to, filepath.Join(base, name)); err != nil {
			return fmt.Errorf("furnish the root: %w", err)
		}
	}
	if err := r.write(); err != nil {
		return err
	}
	if err := r.mountPrivate(); err != nil {
		return err
	}
	for _, t := range r.trees {
		if err := r.place(t); err != nil {
			return fmt.Errorf("mount at /%s: %w", t.target, err)
		}
	}
	return nil
}

// write makes the files of /etc that say who and where a program is.
func (r *newRoot) write() error {
	s := r.setup
	for name, text := range map[string]string{
		"passwd":        fmt.Sprintf("root:x:0:0:root:/root:/bin/sh\nagent:x:%d:%d:agent:%s:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", s.UID, s.GID, s.Home),
		"group":         fmt.Sprintf("root:x:0:\nagent:x:%d:\nnogroup:x:65534:\n", s.GID),
		"hosts":         "127.0.0.1 localhost sandbox\n::1 localhost\n",
		"hostname":      "sandbox\n",
		"nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
		"resolv.conf":   "# no network\n",
	} {
		if err := os.WriteFile(filepath.Join(base, "etc", name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("furnish the root: %w", err)
		}
	}
	return nil
}

// mountPrivate mounts what no other sandbox sees: temporary files, terminals, processes.
func (r *newRoot) mountPrivate() error {
	const safe = unix.MS_NOSUID | unix.MS_NODEV
	temp := "mode=1777"
	if !r.setup.Without.has(guardTemp) && r.setup.Limits.Temp > 0 {
		temp += fmt.Sprintf(",size=%d", r.setup.Limits.Temp)
	}
	for _, m := range []struct {
		target, kind, data string
		flags              uintptr
	}{
		{"tmp", "tmpfs", temp, safe},
		{"dev/shm", "tmpfs", temp, safe | unix.MS_NOEXEC},
		{"dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620", unix.MS_NOSUID | unix.MS_NOEXEC},
		{"proc", "proc", "", safe | unix.MS_NOEXEC},
	} {
		path := filepath.Join(base, m.target)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("mount /%s: %w", m.target, err)
		}
		if err := unix.Mount(m.kind, path, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount /%s: %w", m.target, err)
		}
	}
	return r.maskProc()
}

// maskProc makes what of /proc is the whole machine's unwritable or invisible. Only root could do harm with it; nobody inside is.
func (r *newRoot) maskProc() error {
	if r.setup.Without.has(guardReadOnly) {
		return nil
	}
	for _, name := range []string{"sys", "sysrq-trigger", "irq", "bus", "fs", "driver"} {
		path := filepath.Join(base, "proc", name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		file, err := cloneTree(path, false, nil)
		if err != nil {
			return err
		}
		err = unix.MoveMount(int(file.Fd()), "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH)
		file.Close()
		if err != nil {
			return fmt.Errorf("protect /proc/%s: %w", name, err)
		}
	}
	for _, name := range []string{"kcore", "kmsg", "keys", "key-users", "kallsyms", "timer_list", "sched_debug", "acpi", "scsi"} {
		path := filepath.Join(base, "proc", name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := coverOne(path); err != nil {
			return fmt.Errorf("hide /proc/%s: %w", name, err)
		}
	}
	return nil
}

// place mounts a tree at its target, making what is missing of it. No part of the target may be a symlink: a program may have
// planted it in a folder that was mounted for it.
func (r *newRoot) place(t tree) error {
	defer t.file.Close()
	if r.setup.Without.has(guardTargets) {
		if t.folder {
			_ = os.MkdirAll(filepath.Join(base, t.target), 0o755) // mounting says so too
		} else if file, err := os.Create(filepath.Join(base, t.target)); err == nil {
			file.Close()
		}
		return unix.MoveMount(int(t.file.Fd()), "", unix.AT_FDCWD, filepath.Join(base, t.target), unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_SYMLINKS)
	}
	at, err := r.make(t)
	if err != nil {
		return err
	}
	defer unix.Close(at)
	if err := unix.MoveMount(int(t.file.Fd()), "", at, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH); err != nil || !t.over {
		return err
	}
	return r.overlay(t)
}

// make walks to a target below the new root, making what is missing.
func (r *newRoot) make(t tree) (int, error) {
	at, err := unix.FcntlInt(uintptr(r.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	parts := strings.Split(t.target, "/")
	for n, part := range parts {
		next, err := r.step(at, part, t, n == len(parts)-1)
		unix.Close(at)
		if err != nil {
			return -1, fmt.Errorf("/%s: %w", strings.Join(parts[:n+1], "/"), err)
		}
		at = next
	}
	return at, nil
}

func (r *newRoot) step(at int, name string, t tree, last bool) (int, error) {
	folder := !last || t.folder
	made, err := makeEntry(at, name, folder)
	if err != nil {
		return -1, err
	}
	if made && t.theirs {
		if err := unix.Fchownat(at, name, r.setup.UID, r.setup.GID, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return -1, err
		}
	}
	next, err := unix.Openat(at, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var stat unix.Stat_t
	if err := unix.Fstat(next, &stat); err != nil {
		unix.Close(next)
		return -1, err
	}
	switch kind := stat.Mode & unix.S_IFMT; {
	case kind == unix.S_IFLNK:
		err = errors.New("it is a symlink")
	case folder != (kind == unix.S_IFDIR):
		err = errors.New("a folder and a file cannot be mounted on each other")
	}
	if err != nil {
		unix.Close(next)
		return -1, err
	}
	return next, nil
}

func makeEntry(at int, name string, folder bool) (made bool, err error) {
	if folder {
		err = unix.Mkdirat(at, name, 0o755)
	} else {
		var fd int
		if fd, err = unix.Openat(at, name, unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_WRONLY, 0o644); err == nil {
			unix.Close(fd)
		}
	}
	if errors.Is(err, unix.EEXIST) {
		return false, nil
	}
	if errors.Is(err, unix.EROFS) { // below a mount that is read-only: it must be there already
		var stat unix.Stat_t
		if unix.Fstatat(at, name, &stat, unix.AT_SYMLINK_NOFOLLOW) == nil {
			return false, nil
		}
	}
	return err == nil, err
}

// enter makes the new root the root and lets go of the old one.
func (r *newRoot) enter() error {
	if err := unix.Chdir(base); err != nil {
		return fmt.Errorf("enter the root: %w", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("enter the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("let go of the host's root: %w", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return fmt.Errorf("enter the root: %w", err)
	}
	if r.setup.Without.has(guardReadOnly) {
		return nil
	}
	readOnly := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", 0, &readOnly); err != nil {
		return fmt.Errorf("make the root read-only: %w", err)
	}
	return nil
}
