package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// layerFolder holds what programs write to overlays, while the root is put together. Then it is let go of: the overlays keep it.
const layerFolder = base + "/.layers"

// overlay mounts a layer for writing over a tree that is in its place.
func (r *newRoot) overlay(t tree) error {
	if r.setup.Without.has(guardOverlay) {
		return nil
	}
	if err := r.openLayers(); err != nil {
		return err
	}
	at, err := r.make(t) // the mounted tree, by its descriptor: no name needs quoting
	if err != nil {
		return err
	}
	defer unix.Close(at)
	var below unix.Stat_t
	if err := unix.Fstat(at, &below); err != nil {
		return err
	}
	r.above++
	upper, work := filepath.Join(layerFolder, "upper"+strconv.Itoa(r.above)), filepath.Join(layerFolder, "work"+strconv.Itoa(r.above))
	for _, err := range []error{
		os.Mkdir(upper, 0o700), os.Mkdir(work, 0o700), os.Chown(upper, int(below.Uid), int(below.Gid)), os.Chmod(upper, fs.FileMode(below.Mode&0o777)),
	} {
		if err != nil {
			return fmt.Errorf("make a layer: %w", err)
		}
	}
	place := "/proc/self/fd/" + strconv.Itoa(at)
	options := "lowerdir=" + place + ",upperdir=" + upper + ",workdir=" + work + ",userxattr"
	if err := unix.Mount("overlay", place, "overlay", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return fmt.Errorf("mount an overlay: %w", err)
	}
	return nil
}

// openLayers makes the place for layers, once.
func (r *newRoot) openLayers() error {
	if r.above > 0 {
		return nil
	}
	if err := os.Mkdir(layerFolder, 0o700); err != nil {
		return fmt.Errorf("make a place for layers: %w", err)
	}
	data := "mode=700"
	if r.setup.Limits.Temp > 0 {
		data += fmt.Sprintf(",size=%d", r.setup.Limits.Temp)
	}
	if err := unix.Mount("tmpfs", layerFolder, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, data); err != nil {
		return fmt.Errorf("make a place for layers: %w", err)
	}
	return nil
}

// closeLayers hides the place of layers.
func (r *newRoot) closeLayers() error {
	if r.above == 0 {
		return nil
	}
	if err := errors.Join(unix.Unmount(layerFolder, unix.MNT_DETACH), os.Remove(layerFolder)); err != nil {
		return fmt.Errorf("let go of the layers: %w", err)
	}
	return nil
}
