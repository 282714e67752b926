// Package git is adamant's only door to git: it reads objects, refs and histories, merges, snapshots and materialises
// trees by running the git command (2.39 or newer).
//
// It promises that nothing a repository carries is executed or trusted: hooks, filters, merge and diff drivers, textconv,
// fsmonitor, credential helpers, aliases, includes, attributes and replace refs have no effect. To that end almost
// everything runs in a private bare GIT_DIR in a temporary directory with a configuration of its own, which borrows the
// repository's objects through alternates; the repository's GIT_DIR itself is used to read refs and nothing else.
// Nothing is ever written to the user's repository, index or working tree, and nothing is ever fetched: an object that
// is not there is a *MissingError. The alternates of the repository (objects/info/alternates) are followed, as git does.
// Diffs, merges and snapshots do not depend on the user's configuration or on the folder they run in.
//
// Paths and file names are raw bytes. A Repo is safe for concurrent use.
package git
