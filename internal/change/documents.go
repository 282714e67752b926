package change

import (
	"context"
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
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
