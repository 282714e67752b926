package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// hostView leaves the host's file system as it is but read-only, with the mounts writable where they say so, and private empty
// folders where temporary files go. What is to be hidden is covered by an empty folder.
func hostView(s *setup) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	trees := make([]*os.File, len(s.Mounts))
	defer closeAll(trees)
	for i, m := range s.Mounts {
		var err error
		if trees[i], err = cloneTree(m.Source, m.Writable, s.Without); err != nil {
			return err
		}
	}
	readOnly := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &readOnly); err != nil {
		return fmt.Errorf("make the file system read-only: %w", err)
	}
	hide := slices.Concat([]string{"/tmp", "/var/tmp", "/dev/shm"}, s.Hide)
	if s.Layers.Net {
		hide = append(hide, "/run") // sockets of daemons that have a network; name resolution may live here too
	}
	if err := cover(hide); err != nil {
		return err
	}
	for i, m := range s.Mounts {
		if err := os.MkdirAll(m.Target, 0o700); err != nil {
			return fmt.Errorf("make %s: %w", m.Target, err)
		}
		if err := unix.MoveMount(int(trees[i].Fd()), "", unix.AT_FDCWD, m.Target, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return fmt.Errorf("mount %s: %w", m.Target, err)
		}
	}
	// Where the host masks parts of /proc (containers) a fresh one is refused; the old one shows process names, no more.
	_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	return nil
}

// cover mounts an empty private folder over each folder, and nothing over each file, that exists, outermost first.
func cover(folders []string) error {
	slices.Sort(folders)
	for _, folder := range slices.Compact(folders) {
		real, err := filepath.EvalSymlinks(folder)
		if errors.Is(err, os.ErrNotExist) {
			continue // nothing to hide, or inside a folder that is covered already
		}
		if err != nil {
			return fmt.Errorf("hide %s: %w", folder, err)
		}
		if err := coverOne(real); err != nil {
			return fmt.Errorf("hide %s: %w", folder, err)
		}
	}
	return nil
}

func coverOne(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return unix.Mount(os.DevNull, path, "", unix.MS_BIND, "")
	}
	return unix.Mount("tmpfs", path, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777")
}
