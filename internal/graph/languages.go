package graph

import (
	"github.com/adamant-os/adamant/internal/source/golang"
	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/python"
)

// Languages is the registry: one line a language.
func Languages() []imports.Language {
	return []imports.Language{
		golang.Language(),
		python.Language(),
	}
}
