// Package script answers for a model: deterministic turns, written in a file (docs/formats/script.md).
package script

// Script is a script as it was read.
type Script struct{}
type Player struct{}
