package git

import (
	"errors"

	"golang.org/x/sys/unix"
)

// minBuffer holds most files; pages of it that no file reaches take no memory.
const minBuffer = 1 << 20

// workTree is the top folder of a working tree.
type workTree int

func openWorkTree(root string) (workTree, bool) {
	if root == "" {
		return 0, false
	}
	fd, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return workTree(fd), err == nil
}

func (t workTree) close() { _ = unix.Close(int(t)) } // nothing was written

// read reads a regular file below the top of at most limit bytes, and no symlink on the way; data shares *spare. It waits for
// nobody: a pipe is opened without, and not read. Whatever is wrong, the file is not there.
func (t workTree) read(path string, spare *[]byte, limit int64) (data []byte, ok bool) {
	fd, err := unix.Openat2(int(t), path, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, false
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil || stat.Mode&unix.S_IFMT != unix.S_IFREG || stat.Size > limit {
		return nil, false
	}
	if int64(cap(*spare)) < stat.Size {
		*spare = make([]byte, max(stat.Size, minBuffer))
	}
	data = (*spare)[:stat.Size]
	for done := 0; done < len(data); {
		n, err := unix.Read(fd, data[done:])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil || n <= 0:
			return nil, false
		default:
			done += n
		}
	}
	return data, true
}
