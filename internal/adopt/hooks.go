package adopt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// followers are the hooks that no step is about yet. What adamant wrote for another phase is brought to this one, with the hooks that
// this one has besides, or taken away where it has none; what somebody else wrote or edited is kept, and named where it runs adamant
// or hooks are wished for.
func followers(w Wishes) ([]Step, error) {
	if !w.GitHooks && !w.Follow {
		return nil, nil
	}
	var out, absent []Step
	planned := gitHooks(w)
	for _, name := range []string{"pre-commit", "pre-push"} {
		s := Step{Path: filepath.Join(w.HooksDir, name)}
		if at := slices.IndexFunc(planned, func(o Step) bool { return o.Path == s.Path }); at >= 0 {
			s = planned[at]
		}
		if s.Text != "" && w.GitHooks {
			continue
		}
		if err := s.follow(w); err != nil {
			return nil, err
		}
		switch {
		case s.State == Written && s.Text != "":
			absent = append(absent, s)
		case s.State != Written && s.State != Unchanged:
			out = append(out, s)
		}
	}
	if slices.ContainsFunc(out, func(s Step) bool { return s.State == Replaced }) {
		out = append(absent, out...)
	}
	return out, nil
}

// follow says what becomes of a hook. Text is what this phase has for it, "" = nothing.
func (s *Step) follow(w Wishes) error {
	s.root, s.name = filepath.Split(s.Path)
	have, err := s.regular()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.State = Written
	case err != nil:
		return fmt.Errorf("reading %s: %w", s.Path, err)
	case s.ofAnotherPhase(have, w) && s.Text == "":
		s.State, s.was, s.Note = Removed, have, fmt.Sprintf("adamant wrote it for another phase; phase %d has no such hook", w.Phase)
	case s.ofAnotherPhase(have, w):
		s.compared(have, w)
	case strings.Contains(have, "adamant"):
		s.State, s.Note = Kept, "runs adamant and is not as adamant wrote it, so it stays as it is: see that it does what phase "+fmt.Sprint(w.Phase)+" is to do"
	case w.GitHooks:
		s.State, s.Note = Kept, "yours, and stays as it is"
	default:
		s.State = Unchanged // and none of our business
	}
	return nil
}

// regular reads a hook. A link is somebody else's, wherever it leads: adamant writes files.
func (s *Step) regular() (string, error) {
	info, err := os.Lstat(s.Path)
	if err != nil || !info.Mode().IsRegular() {
		return "", err
	}
	have, err := s.read()
	return string(have), err
}

// remove takes away what was planned to be, and nothing else.
func remove(s Step) error {
	root, err := s.still()
	if err != nil {
		return err
	}
	defer root.Close()
	return root.Remove(s.name)
}
