// Package history is what the first-parent history of a repository says about paths: who changed them, when, and how often
// to mend a mistake. It keeps an index that is built once from git's raw log, extended by what is new, and cached in one
// file outside the repository; a damaged or foreign cache is rebuilt, never trusted. Answers are for a point in the history,
// so a change is never judged by what came after it. It reads no file contents and never decides anything.
package history
