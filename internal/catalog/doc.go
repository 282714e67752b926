// Package catalog reads Backstage entities (catalog-info.yaml) and answers what a repository's owner needs of them: which
// entity owns a path, who answers for it, which governance it declares, and what a change does to all that. Its verdicts on
// documents are those of Backstage's catalog model 1.10.1. It promises that equal trees give equal answers whatever the
// order of files, and that what is wrong is a finding with a place, never a silent gap. It never opens a file, asks no
// server, and never resolves a reference outside the tree.
package catalog
