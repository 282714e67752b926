//go:build !linux

package workspace

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

var errPlatform = errors.New("workspaces need Linux")

func statOf(fs.FileInfo) git.FileStat { return git.FileStat{} }

func age(*os.File, time.Time) error { return errPlatform }

func openData(*os.Root, string) (*os.File, error) { return nil, errPlatform }
