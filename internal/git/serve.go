package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ServeOptions says how git's server side answers one request.
type ServeOptions struct {
	Service   string      // "upload-pack" or "receive-pack"
	Advertise bool        // answer with the references instead of reading a request
	Protocol  string      // what the client asked for in Git-Protocol
	Config    [][2]string // settings beyond those that switch everything off; later ones win
	Env       []string    // for hooks
	Files     []*os.File  // inherited by git and its hooks, from descriptor 3 on
	Started   func(pid int) error
}

// Serve answers one request of the smart protocol from the bare repository dir, which must be adamant's own: hooks run when
// Config names their folder. stdin may be nil. git and everything it starts are killed when ctx ends, and git when adamant
// dies. Started is called before git can have read anything of a stdin that is still empty; its error ends the child.
func Serve(ctx context.Context, dir string, opt ServeOptions, stdin *os.File, stdout io.Writer) error {
	if opt.Service != "upload-pack" && opt.Service != "receive-pack" {
		return fmt.Errorf("%q is no service of git", opt.Service)
	}
	args := []string{opt.Service, "--stateless-rpc"}
	if opt.Service == "upload-pack" {
		args = append(args, "--strict")
	}
	if opt.Advertise {
		args = append(args, "--http-backend-info-refs")
	}
	c := call{env: serveEnv(dir, opt), dir: dir, args: append(args, "."), files: opt.Files}
	var stderr head
	cmd, err := c.command(ctx, &stderr)
	if err != nil {
		return err
	}
	if cmd.Stdout = stdout; stdin != nil {
		cmd.Stdin = stdin
	}
	if err := cmd.Start(); err != nil {
		return c.fail(ctx, err, &stderr)
	}
	if opt.Started != nil {
		if err := opt.Started(cmd.Process.Pid); err != nil {
			_ = killGroup(cmd) // what was started is not wanted
			_ = cmd.Wait()     // ended by that kill
			return fmt.Errorf("git %s: %w", opt.Service, err)
		}
	}
	if err := cmd.Wait(); err != nil {
		return c.fail(ctx, err, &stderr)
	}
	return nil
}

func serveEnv(dir string, opt ServeOptions) []string {
	pairs := slices.DeleteFunc(slices.Clone(overrides), func(p [2]string) bool {
		return p[0] == "uploadpack.packObjectsHook" // a command here, which "false" would be run as
	})
	env := slices.Concat(baseEnv(os.Environ(), dir), opt.Env, settings(append(pairs, opt.Config...)))
	if opt.Protocol != "" {
		env = append(env, "GIT_PROTOCOL="+opt.Protocol)
	}
	return env
}

// Stored lists the objects that lie in one object directory itself, such as a quarantine, and not in its alternates. An error
// from fn ends it.
func (r *Repo) Stored(ctx context.Context, objects string, fn func(ObjectInfo) error) error {
	if !filepath.IsAbs(objects) {
		return fmt.Errorf("listing objects: %q is not an absolute path", objects)
	}
	c := r.private("cat-file", "--batch-all-objects", "--unordered", "--buffer", "--batch-check=%(objectname) %(objecttype) %(objectsize)")
	c.env = slices.DeleteFunc(slices.Clone(c.env), func(pair string) bool {
		return strings.HasPrefix(pair, "GIT_ALTERNATE_OBJECT_DIRECTORIES=") || strings.HasPrefix(pair, "GIT_OBJECT_DIRECTORY=")
	})
	c.env = append(c.env, "GIT_OBJECT_DIRECTORY="+objects)
	return c.stream(ctx, func(out *bufio.Reader) error { return readStored(out, fn) })
}

func readStored(out *bufio.Reader, fn func(ObjectInfo) error) error {
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		if len(fields) != 3 {
			return fmt.Errorf("listing objects: unexpected line %q", scanner.Text())
		}
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return fmt.Errorf("listing objects: %w", err)
		}
		if err := fn(ObjectInfo{OID: OID(fields[0]), Type: fields[1], Size: size}); err != nil {
			return err
		}
	}
	return scanner.Err()
}
