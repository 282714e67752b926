package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// shelf knows where the assessments of changes are: with their operations, or in the archive.
type shelf struct {
	repo     *git.Repo
	live     map[string]git.Ref         // by change
	archived map[string]change.Document // by digest of the assessment
	trails   map[string]trail           // by change
}

// openShelf lists what there is and reads the archive.
func (r *run) openShelf(ctx context.Context, rec *record) (*shelf, error) {
	s := &shelf{repo: r.repo, live: map[string]git.Ref{}, archived: map[string]change.Document{}, trails: rec.trails}
	refs, err := r.repo.Refs(ctx, r.view.ref(kernel.PrefixChanges), r.view.ref(kernel.PrefixArchive))
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		ref.Name = r.view.own(ref.Name)
		if id := change.RefID(ref.Name); id != "" {
			s.live[id] = ref
		}
		if strings.HasPrefix(ref.Name, kernel.PrefixArchive) {
			if err := s.readMonth(ctx, ref); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// readMonth remembers where the assessments of archived changes are. What cannot be read has no evidence for its changes.
func (s *shelf) readMonth(ctx context.Context, ref git.Ref) error {
	changes, err := change.NewStore(s.repo, nil, change.Options{}).Month(ctx, ref)
	if broken := (*change.BrokenError)(nil); err != nil && !errors.As(err, &broken) {
		return err
	}
	for _, c := range changes {
		for _, p := range c.Packs {
			for _, op := range p.Operations {
				if a, ok := op.Body.(change.Assessed); ok {
					s.archived[a.Digest] = change.Document{Commit: p.Commit, Name: a.Blob}
				}
			}
		}
	}
	return nil
}

// wanted is an assessment that a commit landed by.
type wanted struct {
	change, digest string
}

// find says where assessments are; a document without a commit is nowhere.
func (s *shelf) find(ctx context.Context, want []wanted) ([]change.Document, error) {
	docs := make([]change.Document, len(want))
	for i, w := range want {
		docs[i] = s.archived[w.digest]
	}
	err := s.search(ctx, want, docs, func(w wanted) git.OID {
		t := s.trails[w.change]
		if t.tip == s.live[w.change].OID && len(t.assessed) == len(t.tip) && isHex(string(t.assessed)) {
			return t.assessed // it is still the change that the ledger knows
		}
		return ""
	})
	if err == nil {
		err = s.search(ctx, want, docs, func(w wanted) git.OID { return s.live[w.change].OID })
	}
	return docs, err
}

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdef") == "" }

// search fills in what is not known yet and is at or before the commits that start says.
func (s *shelf) search(ctx context.Context, want []wanted, docs []change.Document, start func(wanted) git.OID) error {
	var tips []git.OID
	var digests []string
	var nth []int
	for i, w := range want {
		if tip := start(w); tip != "" && docs[i].Commit == "" {
			tips, digests, nth = append(tips, tip), append(digests, w.digest), append(nth, i)
		}
	}
	found, err := change.FindAssessments(ctx, s.repo, tips, digests)
	for i, d := range found {
		docs[nth[i]] = d
	}
	return err
}

// assessments reads what is wanted, in order: nil where it is not there, with the reason when something else is.
func (s *shelf) assessments(ctx context.Context, want []wanted, each func(i int, a *gate.Assessment, why error) error) error {
	docs, err := s.find(ctx, want)
	if err != nil {
		return err
	}
	var there []int
	for i, d := range docs {
		if d.Commit != "" {
			there = append(there, i)
		} else if err := each(i, nil, nil); err != nil {
			return err
		}
	}
	docs = slices.DeleteFunc(docs, func(d change.Document) bool { return d.Commit == "" })
	return change.ReadDocuments(ctx, s.repo, docs, func(n int, data []byte, err error) error {
		i := there[n]
		if err != nil {
			return each(i, nil, err)
		}
		a, err := parseAssessment(data, want[i].digest)
		return each(i, a, err)
	})
}

// parseAssessment reads the assessment of a digest. The digest is that of the canonical text with itself left out, so a text that
// gives it is that text.
func parseAssessment(data []byte, digest string) (*gate.Assessment, error) {
	blank := bytes.Replace(data, []byte(`"digest":"`+digest+`"`), []byte(`"digest":""`), 1)
	if sum := sha256.Sum256(bytes.TrimSuffix(blank, []byte("\n"))); hex.EncodeToString(sum[:]) != digest {
		return nil, fmt.Errorf("the assessment %.12s was edited", digest)
	}
	var a gate.Assessment
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, fmt.Errorf("reading the assessment %.12s: %w", digest, err)
	}
	return &a, nil
}
