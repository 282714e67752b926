package git

import (
	"context"
	"fmt"
	"os"
	"strconv"
)

// FetchPipe brings references and their objects from a git upload-pack that somebody else started, such as one inside a
// sandbox: in reads what it writes, out is what it reads. Everything else is as with Fetch. The files stay open.
func (r *Repo) FetchPipe(ctx context.Context, in, out *os.File, refspecs []string) error {
	args := []string{"fetch", "--no-progress", "--atomic", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
		"--no-auto-maintenance", "--refmap=", "--show-forced-updates"}
	first := 3 + len(r.inherited)
	source := "fd::" + strconv.Itoa(first) + "," + strconv.Itoa(first+1)
	for _, spec := range refspecs {
		if err := r.checkRefspec(spec); err != nil {
			return fmt.Errorf("fetching from a pipe: %w", err)
		}
	}
	c := r.store(append(append(args, "--", source), refspecs...)...)
	pairs := append(keep(overrides, func(key string) bool { return key != "protocol.allow" }), durable...)
	c.env = append(r.storeEnv[:len(r.storeEnv):len(r.storeEnv)], "GIT_ALLOW_PROTOCOL=fd")
	c.env = append(c.env, settings(append(pairs, guards...))...)
	c.files = append(r.inherited[:len(r.inherited):len(r.inherited)], in, out)
	c.gentle, c.chatty = true, true
	if _, err := c.output(ctx); err != nil {
		return fmt.Errorf("fetching from a pipe: %w", explainFetch("the pipe", err))
	}
	return nil
}
