package change

import (
	"bytes"
	"context"
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/oplog"
)

// Document is where a document is attached: to the operations of Commit, under its name (BlobName).
type Document struct {
	Commit git.OID
	Name   string
}

// AssessmentDocument finds the assessment of a digest among everything that was ever found about the change.
func (c Change) AssessmentDocument(digest string) (Document, bool) {
	for _, p := range c.Packs {
		for _, op := range p.Operations {
			if a, ok := op.Body.(Assessed); ok && a.Digest == digest && p.Commit != "" {
				return Document{p.Commit, a.Blob}, true
			}
		}
	}
	return Document{}, false
}

// FindAssessments finds where the assessment of digests[i] is in the history whose newest commit is tips[i], and reads no more of it
// than that takes. A document without a commit is not there. Nothing is checked: a document proves itself by its digest.
func FindAssessments(ctx context.Context, repo *git.Repo, tips []git.OID, digests []string) ([]Document, error) {
	docs := make([]Document, len(tips))
	err := oplog.Search(ctx, repo, tips, func(i int, commit git.OID, data []byte) bool {
		if !bytes.Contains(data, []byte(digests[i])) {
			return false
		}
		p, err := format().Parse(data)
		if err != nil {
			return false
		}
		p.Commit = commit
		doc, found := Change{Packs: []Pack{p}}.AssessmentDocument(digests[i])
		if found {
			docs[i] = doc
		}
		return found
	})
	return docs, err
}

// ReadDocuments reads attached documents in few rounds and calls each in the order given. What is missing, too large or holds
// something else than its name says is each's err; an error from each ends the call and is returned.
func ReadDocuments(ctx context.Context, repo *git.Repo, docs []Document, each func(i int, data []byte, err error) error) error {
	places := make([]git.TreePath, len(docs))
	for i, d := range docs {
		places[i] = git.TreePath{Treeish: d.Commit, Path: attachName + d.Name}
	}
	blobs, err := repo.LookupAll(ctx, places)
	if err != nil {
		return err
	}
	var there []int
	var ids []git.OID
	for i, id := range blobs {
		if id != "" {
			there, ids = append(there, i), append(ids, id)
			continue
		}
		if err := each(i, nil, fmt.Errorf("document %.12s is not there", docs[i].Name)); err != nil {
			return err
		}
	}
	return repo.Blobs(ctx, ids, maxAttachment, func(n int, data []byte, err error) error {
		i := there[n]
		if err == nil && BlobName(data) != docs[i].Name {
			err = fmt.Errorf("document %.12s holds something else", docs[i].Name)
		}
		return each(i, data, err)
	})
}
