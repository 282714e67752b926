package git

import (
	"errors"
	"fmt"
)

// ErrCommand is wrapped by the error of a git that failed: what it said is in the text. A damaged object is the usual cause.
var ErrCommand = errors.New("git failed")

// Is makes every failure of a git one of ErrCommand.
func (e *commandError) Is(target error) bool { return target == ErrCommand }

// CorruptError says that an object is not the one that its name stands for: somebody replaced it on the disk.
type CorruptError struct{ OID OID }

func (e *CorruptError) Error() string {
	return fmt.Sprintf("object %s holds something else than its name says; git fsck shows what is damaged", e.OID)
}

// WithNamesChecked has every commit and blob that is read hashed again (*CorruptError): git itself believes its own disk. What
// git resolves by itself, trees and paths in them, is not checked.
func WithNamesChecked() Option {
	return func(r *Repo) { r.namesChecked = true }
}

// checkName compares an object with its name, where that is asked for.
func (r *Repo) checkName(info ObjectInfo, data []byte) error {
	if !r.namesChecked || r.name(fmt.Sprintf("%s %d\x00", info.Type, len(data)), data) == info.OID {
		return nil
	}
	return &CorruptError{OID: info.OID}
}

// BlobName is the object name that a blob of these bytes has in the repository's format. Nothing is read or written.
func (r *Repo) BlobName(data []byte) OID { return r.name(fmt.Sprintf("blob %d\x00", len(data)), data) }
