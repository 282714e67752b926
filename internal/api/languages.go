// Package api says who a repository's interfaces are for and who in it uses them: what package exports reads, joined with the
// dependency graph. It sees bytes and the graph; it never runs git, a compiler or a process.
package api

import (
	"github.com/adamant-os/adamant/internal/source/exports"
	"github.com/adamant-os/adamant/internal/source/golang"
	"github.com/adamant-os/adamant/internal/source/javascript"
	"github.com/adamant-os/adamant/internal/source/openapi"
	"github.com/adamant-os/adamant/internal/source/proto"
	"github.com/adamant-os/adamant/internal/source/python"
)

// Languages is the registry of languages whose interfaces are read: one line a language.
func Languages() []exports.Language {
	return []exports.Language{
		golang.Exports(),
		javascript.Exports(),
		openapi.Exports(),
		proto.Exports(),
		python.Exports(),
	}
}
