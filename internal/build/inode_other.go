//go:build !linux

package build

import (
	"fmt"
	"io/fs"
)

func inode(info fs.FileInfo) string { return fmt.Sprint(info.Size(), info.ModTime().UnixNano()) }
