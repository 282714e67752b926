package api

import (
	"github.com/adamant-os/adamant/internal/source/exports"
	"github.com/adamant-os/adamant/internal/source/golang"
)

// Languages is the registry of languages whose interfaces are read: one line a language.
func Languages() []exports.Language {
	return []exports.Language{
		golang.Exports(),
	}
}
