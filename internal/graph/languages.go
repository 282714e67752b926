package graph

import (
	"slices"

	"github.com/adamant-os/adamant/internal/source/backstage"
	"github.com/adamant-os/adamant/internal/source/container"
	"github.com/adamant-os/adamant/internal/source/cpp"
	"github.com/adamant-os/adamant/internal/source/golang"
	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/java"
	"github.com/adamant-os/adamant/internal/source/javascript"
	"github.com/adamant-os/adamant/internal/source/proto"
	"github.com/adamant-os/adamant/internal/source/python"
	"github.com/adamant-os/adamant/internal/source/rust"
	"github.com/adamant-os/adamant/internal/source/terraform"
	"github.com/adamant-os/adamant/internal/source/workflow"
)

// Languages is the registry: one line a language.
func Languages() []imports.Language {
	return slices.Concat(
		[]imports.Language{cpp.Language(), golang.Language()},
		container.Languages(),
		java.Languages(),
		javascript.Languages(),
		[]imports.Language{proto.Language(), python.Language(), rust.Language(), terraform.Language(), workflow.Language(), backstage.Language()},
	)
}
