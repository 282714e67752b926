package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// FetchOptions says how Fetch gets at its source.
type FetchOptions struct {
	// UploadPack is the program to run for git upload-pack in a local source, by an absolute path. For a repository that
	// an agent owns it must enter the agent's sandbox: the repository's alternates would make git read other stores.
	UploadPack string
	// Trusted reads a local source also when it belongs to another user, and takes its objects as they are: old histories
	// have some that git would not write today.
	Trusted bool
}

// RejectedError says which references a fetch or push refused, mostly because they would lose history. A fetch moves
// nothing then.
type RejectedError struct {
	Remote string
	Refs   []PushResult
}

func (e *RejectedError) Error() string {
	reasons := make([]string, len(e.Refs))
	for i, ref := range e.Refs {
		reasons[i] = ref.Name + " (" + ref.Reason + ")"
	}
	return fmt.Sprintf("%s refused: %s", e.Remote, strings.Join(reasons, ", "))
}

// PushResult is what became of one reference.
type PushResult struct {
	Name   string // on the receiving side
	OK     bool   // moved, or there already
	Reason string // git's words when it is not
}

// Fetch brings references and their objects from a source: an absolute path, or an https, ssh or file URL. All of them
// move, or none; a reference is forced only by a leading "+". Objects are checked before they are kept, no tag follows by
// itself, nothing is pruned, and the remotes that the repository's configuration names play no part. A path is read
// without anybody's configuration; a URL with the user's, for credentials. A refused reference is a *RejectedError.
func (r *Repo) Fetch(ctx context.Context, source string, refspecs []string, opt FetchOptions) error {
	args := []string{"fetch", "--no-progress", "--atomic", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
		"--no-auto-maintenance", "--refmap=", "--show-forced-updates"} // without the last git takes every move for a fast-forward
	if opt.UploadPack != "" {
		if !filepath.IsAbs(opt.UploadPack) {
			return fmt.Errorf("fetching from %s: the upload-pack program %q is not an absolute path", source, opt.UploadPack)
		}
		args = append(args, "--upload-pack="+shellQuote(opt.UploadPack))
	}
	c, err := r.transfer(source, opt.Trusted, refspecs, args)
	if err != nil {
		return fmt.Errorf("fetching: %w", err)
	}
	if _, err := c.output(ctx); err != nil {
		return fmt.Errorf("fetching from %s: %w", source, explainFetch(source, err))
	}
	return nil
}

// Push sends references to a remote, named as for Fetch, and says what became of each: every one moves or is refused by
// itself. Refused ones are also a *RejectedError beside the results.
func (r *Repo) Push(ctx context.Context, remote string, refspecs []string) ([]PushResult, error) {
	c, err := r.transfer(remote, false, refspecs, []string{"push", "--porcelain", "--no-verify",
		"--no-follow-tags", "--recurse-submodules=no", "--signed=no"})
	if err != nil {
		return nil, fmt.Errorf("pushing: %w", err)
	}
	out, err := c.output(ctx)
	results := parsePush(string(out))
	var refused []PushResult
	for _, result := range results {
		if !result.OK {
			refused = append(refused, result)
		}
	}
	switch {
	case ctx.Err() != nil:
		return results, fmt.Errorf("pushing to %s: %w", remote, err)
	case len(refused) > 0:
		return results, fmt.Errorf("pushing: %w", &RejectedError{Remote: remote, Refs: refused})
	case err != nil:
		return results, fmt.Errorf("pushing to %s: %w", remote, err)
	}
	return results, nil
}

// transfer prepares a fetch or push. It is asked to end before it is killed, so that git removes its locks.
func (r *Repo) transfer(remote string, trusted bool, refspecs, args []string) (call, error) {
	if len(refspecs) == 0 {
		return call{}, errors.New("no references were named")
	}
	for _, spec := range refspecs {
		if err := r.checkRefspec(spec); err != nil {
			return call{}, err
		}
	}
	env, err := r.transferEnvironment(remote, trusted)
	if err != nil {
		return call{}, err
	}
	c := r.store(append(append(args, "--", remote), refspecs...)...)
	c.env, c.gentle, c.chatty = env, true, true
	return c, nil
}

func (r *Repo) checkRefspec(spec string) error {
	from, to, _ := strings.Cut(strings.TrimPrefix(spec, "+"), ":")
	for _, side := range []string{from, to} {
		if side == "" || r.isOID(side) {
			continue
		}
		if err := checkRefName(strings.Replace(side, "*", "x", 1)); err != nil {
			return fmt.Errorf("refspec %q: %w", spec, err)
		}
	}
	return nil
}

// guards hold for every transfer.
var guards = [][2]string{
	{"fetch.fsckObjects", "true"},
	{"receive.fsckObjects", "true"},
	{"transfer.credentialsInUrl", "die"},
	{"fetch.writeCommitGraph", "false"},
	{"fetch.parallel", "1"},
	{"push.negotiate", "false"},
	{"http.followRedirects", "initial"},
}

// userNeeds are the overrides that a transfer over the network must do without: they keep the user's credentials away.
var userNeeds = map[string]bool{"core.sshCommand": true, "core.gitProxy": true, "core.askPass": true,
	"credential.helper": true, "protocol.allow": true}

// schemes are the transports that are ever used; "ext" and "git" are not among them.
const schemes = "file:https:http:ssh"

func (r *Repo) transferEnvironment(remote string, trusted bool) ([]string, error) {
	if filepath.IsAbs(remote) {
		return r.localEnvironment(remote, trusted)
	}
	scheme, _, ok := strings.Cut(remote, "://")
	if !ok || !strings.Contains(":"+schemes+":", ":"+scheme+":") || strings.ContainsAny(remote, " \n\x00") {
		return nil, fmt.Errorf("%q is neither an absolute path nor a URL of https, ssh or file", remote)
	}
	pairs := keep(overrides, func(key string) bool { return !userNeeds[key] })
	env := append(pick(os.Environ(), network), r.userEnv...)
	env = append(env, "GIT_DIR="+r.gitDir, "GIT_ALLOW_PROTOCOL="+schemes)
	return append(env, settings(append(append(pairs, durable...), guards...))...), nil
}

// network names the variables of the user that reach a transfer to a URL.
var network = []string{"SSH_AUTH_SOCK", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "HTTPS_PROXY",
	"https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"GIT_SSL_CAINFO", "USER", "LOGNAME"}

func keep(pairs [][2]string, wanted func(key string) bool) [][2]string {
	var kept [][2]string
	for _, pair := range pairs {
		if wanted(pair[0]) {
			kept = append(kept, pair)
		}
	}
	return kept
}

// localEnvironment is for a path. The configuration file is the one thing that reaches the git on the other side: what
// counts as safe is not taken from -c or the environment there.
func (r *Repo) localEnvironment(source string, trusted bool) ([]string, error) {
	pairs := append(keep(overrides, func(key string) bool { return key != "protocol.allow" }), durable...)
	env := append(r.storeEnv[:len(r.storeEnv):len(r.storeEnv)], "GIT_ALLOW_PROTOCOL=file")
	pairs = append(pairs, guards...)
	if !trusted {
		return append(env, settings(pairs)...), nil
	}
	env = append(env, settings(append(pairs, [2]string{"fetch.fsckObjects", "false"}))...)
	file := filepath.Join(r.temp, "trusted")
	err := replaceFile(file, "[safe]\n\tdirectory = *\n")
	return append(env, "GIT_CONFIG_GLOBAL="+file), err
}

func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

var rejected = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^ ! \[(?:remote )?rejected\]\s+\S+\s+-> (\S+)\s+\((.*)\)$`)
})

// explainFetch finds the references that git refused to move. With --atomic the others are listed as failed too.
func explainFetch(source string, err error) error {
	var failed *commandError
	if !errors.As(err, &failed) {
		return err
	}
	var refs []PushResult
	for _, m := range rejected().FindAllStringSubmatch(failed.stderr, -1) {
		refs = append(refs, PushResult{Name: m[1], Reason: m[2]})
	}
	if len(refs) == 0 {
		short := *failed
		short.stderr = short.stderr[max(0, len(short.stderr)-stderrLimit):]
		return &short
	}
	return &RejectedError{Remote: source, Refs: refs}
}

// parsePush reads "flag\tfrom:to\tsummary (reason)" lines.
func parsePush(text string) []PushResult {
	var results []PushResult
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) != 3 || len(fields[0]) != 1 {
			continue
		}
		_, to, _ := strings.Cut(fields[1], ":")
		result := PushResult{Name: to, OK: fields[0] != "!"}
		if !result.OK {
			result.Reason = fields[2]
		}
		results = append(results, result)
	}
	return results
}
