package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
)

const (
	roundObjects = 1024     // objects asked for in one round
	roundBytes   = 16 << 20 // bytes of content kept in memory at once, unless one object is larger
	commitLimit  = 8 << 20  // bytes of a commit object
)

// ObjectInfo says what an object is.
type ObjectInfo struct {
	OID     OID
	Type    string // blob, tree, commit or tag
	Size    int64  // bytes
	Missing bool   // it is not here; Type and Size say nothing
}

// Info looks objects up without reading them and answers in the order given. An object that is not here is marked Missing.
func (r *Repo) Info(ctx context.Context, ids []OID) ([]ObjectInfo, error) {
	if err := r.check(ids...); err != nil {
		return nil, err
	}
	infos := make([]ObjectInfo, 0, len(ids))
	for chunk := range slices.Chunk(ids, roundObjects) {
		names := make([]string, len(chunk))
		for i, id := range chunk {
			names[i] = string(id)
		}
		answers, err := r.objectPool.info(ctx, names)
		if err != nil {
			return nil, fmt.Errorf("looking up %d objects: %w", len(ids), err)
		}
		for i, answer := range answers {
			answer.info.OID = chunk[i]
			infos = append(infos, answer.info)
		}
	}
	return infos, nil
}

// Blob reads one blob. One of more than limit bytes is a *TooLargeError and is not read; one that is not here is a
// *MissingError and is not fetched.
func (r *Repo) Blob(ctx context.Context, id OID, limit int64) ([]byte, error) {
	var data []byte
	err := r.Blobs(ctx, []OID{id}, limit, func(_ int, found []byte, err error) error {
		data = found
		return err
	})
	return data, err
}

// Blobs reads many blobs in few rounds and calls fn for each, in the order given, with its index in ids. What is wrong
// with one blob (*MissingError, *TooLargeError, not a blob) is fn's err; an error from fn ends the call and is returned.
// fn may use the Repo and keep data.
func (r *Repo) Blobs(ctx context.Context, ids []OID, limit int64, fn func(i int, data []byte, err error) error) error {
	start := 0
	for chunk := range slices.Chunk(ids, roundObjects) {
		infos, err := r.Info(ctx, chunk)
		if err != nil {
			return err
		}
		next := func(i int, data []byte, err error) error { return fn(start+i, data, err) }
		if err := r.deliver(ctx, infos, "blob", limit, next); err != nil {
			return err
		}
		start += len(chunk)
	}
	return nil
}

// deliver reads the objects that infos describe in rounds of bounded memory.
func (r *Repo) deliver(ctx context.Context, infos []ObjectInfo, kind string, limit int64, fn func(int, []byte, error) error) error {
	for start := 0; start < len(infos); {
		end, size := start, int64(0)
		for end < len(infos) && (end == start || size+infos[end].Size <= roundBytes) {
			if r.refuse(infos[end], kind, limit) == nil {
				size += infos[end].Size
			}
			end++
		}
		if err := r.deliverRound(ctx, infos[start:end], kind, limit, start, fn); err != nil {
			return err
		}
		start = end
	}
	return nil
}

func (r *Repo) deliverRound(ctx context.Context, infos []ObjectInfo, kind string, limit int64, start int, fn func(int, []byte, error) error) error {
	var wanted []ObjectInfo
	for _, info := range infos {
		if r.refuse(info, kind, limit) == nil {
			wanted = append(wanted, info)
		}
	}
	bodies, err := r.objectPool.contents(ctx, wanted)
	if err != nil {
		return fmt.Errorf("reading %d objects: %w", len(wanted), err)
	}
	for i, info := range infos {
		refused := r.refuse(info, kind, limit)
		var data []byte
		if refused == nil {
			data, bodies = bodies[0], bodies[1:]
			refused = r.checkName(info, data)
		}
		if err := fn(start+i, data, refused); err != nil {
			return err
		}
	}
	return nil
}

// refuse says why an object is not read.
func (r *Repo) refuse(info ObjectInfo, kind string, limit int64) error {
	switch {
	case info.Missing:
		return r.missing(string(info.OID))
	case info.Type != kind:
		return fmt.Errorf("object %s is a %s, not a %s", info.OID.Short(), info.Type, kind)
	case info.Size > limit:
		return &TooLargeError{OID: info.OID, Size: info.Size, Limit: limit}
	}
	return nil
}

// contents reads objects of known size in one round.
func (p *pool) contents(ctx context.Context, infos []ObjectInfo) ([][]byte, error) {
	requests := make([]string, len(infos))
	for i, info := range infos {
		requests[i] = "contents " + string(info.OID)
	}
	bodies := make([][]byte, len(infos))
	err := p.ask(ctx, requests, func(i int, out *bufio.Reader) error {
		answer, err := readAnswer(out, string(infos[i].OID))
		if err != nil {
			return err
		}
		if answer.info.Missing || answer.info.Size != infos[i].Size {
			return fmt.Errorf("object %s changed while it was read", infos[i].OID)
		}
		bodies[i], err = readBody(out, answer.info.Size)
		return err
	})
	return bodies, err
}

// Lookup returns the object at path in a tree or commit; a path that is not there is a *MissingError.
func (r *Repo) Lookup(ctx context.Context, treeish OID, path string) (OID, error) {
	if err := r.check(treeish); err != nil {
		return "", err
	}
	if err := checkPath(path); err != nil {
		return "", err
	}
	answers, err := r.objectPool.info(ctx, []string{string(treeish) + ":" + path})
	if err != nil {
		return "", fmt.Errorf("looking up %q: %w", path, err)
	}
	if answers[0].info.Missing {
		return "", r.missing(treeish.Short() + ":" + path)
	}
	return answers[0].info.OID, nil
}

// Commit reads one commit.
func (r *Repo) Commit(ctx context.Context, id OID) (Commit, error) {
	commits, err := r.commits(ctx, []OID{id})
	if err != nil {
		return Commit{}, err
	}
	return commits[0], nil
}

// commits reads many commits in few rounds.
func (r *Repo) commits(ctx context.Context, ids []OID) ([]Commit, error) {
	infos, err := r.Info(ctx, ids)
	if err != nil {
		return nil, err
	}
	commits := make([]Commit, len(ids))
	err = r.deliver(ctx, infos, "commit", commitLimit, func(i int, data []byte, err error) error {
		if err == nil {
			commits[i], err = parseCommit(ids[i], data)
		}
		return err
	})
	return commits, err
}

// oidPattern finds object names in what git says.
var oidPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b`) })

// explain turns a git that failed for want of an object into a *MissingError. Git's exit codes do not tell, so the objects
// it was asked for and those it complained about are looked up.
func (r *Repo) explain(ctx context.Context, err error, asked ...OID) error {
	var failed *commandError
	if !errors.As(err, &failed) {
		return err
	}
	suspects := slices.Clone(asked)
	for _, name := range oidPattern().FindAllString(failed.stderr, 64) {
		if r.isOID(name) {
			suspects = append(suspects, OID(name))
		}
	}
	gone, lookup := r.findMissing(ctx, suspects)
	switch {
	case lookup != nil:
		return errors.Join(err, lookup)
	case gone != "":
		return fmt.Errorf("git %s: %w", failed.args[0], r.missing(string(gone)))
	}
	return err
}

// findMissing returns the first object that is not here among ids and the trees of the commits among them.
func (r *Repo) findMissing(ctx context.Context, ids []OID) (OID, error) {
	infos, err := r.Info(ctx, ids)
	if err != nil {
		return "", err
	}
	for _, info := range infos {
		if info.Missing {
			return info.OID, nil
		}
	}
	for _, info := range infos {
		if info.Type != "commit" {
			continue
		}
		commit, err := r.Commit(ctx, info.OID)
		if err != nil {
			return "", err
		}
		if gone, err := r.findMissing(ctx, []OID{commit.Tree}); err != nil || gone != "" {
			return gone, err
		}
	}
	return "", nil
}
