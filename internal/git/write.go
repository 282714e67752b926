package git

import (
	"context"
	"os"
	"slices"
	"time"
)

// writeTimeout ends a local write that hangs. A transaction of thousands of refs takes well under a second.
const writeTimeout = 2 * time.Minute

// durable makes git fsync what a later read must find after a power cut: objects and refs.
var durable = [][2]string{
	{"core.fsync", "committed,loose-object,reference"},
	{"core.logAllRefUpdates", "false"},
	{"core.filesRefLockTimeout", "1000"}, // milliseconds to wait for another's lock
	{"core.packedRefsTimeout", "1000"},
}

// WithInherited makes every git child of the Repo inherit files, from descriptor 3 on. A lock held on such a file stays
// held until the last child, grandchildren included, is gone.
func WithInherited(files ...*os.File) Option {
	return func(r *Repo) { r.inherited = append(r.inherited, files...) }
}

// store prepares a command that may write to the repository itself: its own configuration overridden, nothing of the
// user's, no hooks, and only its own objects in reach, so that no ref can come to name a temporary one.
func (r *Repo) store(args ...string) call {
	return call{env: r.storeEnv, dir: r.temp, args: args, files: r.inherited}
}

// storeEnvironment is for commands that write to the repository.
func (r *Repo) storeEnvironment(base []string) []string {
	env := append(base[:len(base):len(base)], "GIT_DIR="+r.gitDir)
	return append(env, settings(slices.Concat(overrides, durable))...)
}

// finish runs a write that must not be cut in the middle: a git killed between two renames leaves half a transaction and
// its locks behind. Not ctx but only writeTimeout ends it.
func (c call) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	_, err := c.output(ctx)
	return err
}
