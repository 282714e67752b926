// Package git is adamant's only door to git: it reads objects, refs and histories, merges, snapshots and materialises
// trees, and writes objects and references, by running the git command (2.39 or newer). Loose objects are written natively.
//
// It promises that nothing a repository carries is executed or trusted: hooks, filters, merge and diff drivers, textconv,
// fsmonitor, credential helpers, aliases, includes, attributes and replace refs have no effect. To that end almost
// everything runs in a private bare GIT_DIR in a temporary directory with a configuration of its own, which borrows the
// repository's objects through alternates; the repository's GIT_DIR itself is used to read refs and, by the writing half,
// to be written to. The alternates of the repository (objects/info/alternates) are followed, as git does.
// Diffs, merges and snapshots do not depend on the user's configuration or on the folder they run in.
//
// The reading half writes nothing to the user's repository, index or working tree, and fetches nothing: an object that is
// not there is a *MissingError. The writing half is UpdateRefs, WriteBlob, WriteTree, WriteCommit, Keep, Copy, Fetch and
// Maintain, each of which writes to the repository that it is called on, and Push, which writes to another one. What they
// write is on disk when they return. They run no hooks, touch no index or working tree, and never leave a reference that
// names an object of a merge's temporary store.
//
// Paths and file names are raw bytes. A Repo is safe for concurrent use.
package git
