package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// state is state.json of a workspace. The agent cannot reach it.
type state struct {
	V        int       `json:"v"`
	ID       string    `json:"id"`
	Task     string    `json:"task"`
	Attempt  string    `json:"attempt,omitempty"`
	Base     git.OID   `json:"base"`
	Head     git.OID   `json:"head"`
	Cone     []string  `json:"cone,omitempty"`
	UID      int       `json:"uid"`
	GID      int       `json:"gid"`
	Readonly bool      `json:"readonly,omitempty"`
	Grant    []string  `json:"grant,omitempty"`
	Excluded []string  `json:"excluded,omitempty"` // what Setup added to the checkout
	Created  time.Time `json:"created"`
}

const stateLimit = 4 << 20 // bytes of state.json

func (w *Workspace) save(dir string) error {
	data, err := json.Marshal(state{
		V: 1, ID: w.ID, Task: w.Task, Attempt: w.Attempt, Base: w.Base, Head: w.Head, Cone: w.Cone,
		UID: w.Identity.UID, GID: w.Identity.GID, Readonly: w.Readonly, Grant: w.Grant, Excluded: w.excluded, Created: w.Created,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "state.json"), append(data, '\n'), 0o600)
}

func (s *Store) load(id string) (*Workspace, error) {
	file := s.path(id, "state.json")
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > stateLimit {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", file, info.Size(), stateLimit)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var st state
	if err := json.Unmarshal(data, &st); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if st.V != 1 || st.ID != id {
		return nil, fmt.Errorf("%s is version %d of workspace %q; this adamant reads version 1", file, st.V, st.ID)
	}
	return &Workspace{ID: st.ID, store: s, Created: st.Created, excluded: st.Excluded, Request: Request{
		Task: st.Task, Attempt: st.Attempt, Base: st.Base, Head: st.Head, Cone: st.Cone,
		Identity: sandbox.Identity{UID: st.UID, GID: st.GID}, Readonly: st.Readonly, Grant: st.Grant,
	}}, nil
}

// complete checks a request and fills in what was left out.
func (r Request) complete() (Request, error) {
	if r.Task == "" {
		return r, errors.New("no task was named")
	}
	if r.Attempt != "" {
		if err := kernel.CheckName(r.Attempt); err != nil {
			return r, err
		}
	} else if err := kernel.CheckName(r.Task); err != nil {
		return r, err
	}
	if r.Head == "" {
		r.Head = r.Base
	}
	var err error
	if r.Cone, err = folders(r.Cone); err != nil {
		return r, err
	}
	r.Grant, err = folders(r.Grant)
	return r, err
}

func (r Request) id() string {
	if r.Attempt != "" {
		return r.Attempt
	}
	return r.Task
}

// folders cleans paths from the top of the repository, sorts them and drops those below others. The top itself stands for all,
// which is said by none.
func folders(paths []string) ([]string, error) {
	var clean []string
	for _, p := range paths {
		c := path.Clean(strings.TrimSuffix(p, "/"))
		if c == "." {
			return nil, nil
		}
		if !fs.ValidPath(c) || strings.ContainsAny(c, "\n\x00") || reservedName(c) != "" {
			return nil, fmt.Errorf("%q is not a path from the top of the repository", p)
		}
		clean = append(clean, c)
	}
	slices.Sort(clean)
	var top []string
	for _, c := range clean {
		if !slices.ContainsFunc(top, func(t string) bool { return below(c, t) }) {
			top = append(top, c)
		}
	}
	return top, nil
}

// below says that p is folder or in it.
func below(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }
