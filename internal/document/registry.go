package document

import (
	"github.com/adamant-os/adamant/internal/document/dockerfile"
	"github.com/adamant-os/adamant/internal/document/dotenv"
	"github.com/adamant-os/adamant/internal/document/format"
	"github.com/adamant-os/adamant/internal/document/hcl"
	"github.com/adamant-os/adamant/internal/document/ini"
	"github.com/adamant-os/adamant/internal/document/json"
	"github.com/adamant-os/adamant/internal/document/terraform"
	"github.com/adamant-os/adamant/internal/document/toml"
	"github.com/adamant-os/adamant/internal/document/xml"
	"github.com/adamant-os/adamant/internal/document/yaml"
)

// reader is one file format: how its files are named and how they are read.
type reader struct {
	name  string
	match func(base string) bool
	parse func(path string, data []byte) []format.Tree
}

// The names of formats that kinds depend on.
const (
	formatYAML       = "yaml"
	formatJSON       = "json"
	formatHCL        = "hcl"
	formatDockerfile = "dockerfile"
)

// registry has one line a format; the first that matches the file's name reads it.
func registry() [9]reader {
	return [...]reader{
		{formatDockerfile, dockerfile.Match, dockerfile.Parse},
		{formatYAML, yaml.Match, yaml.Parse},
		{formatJSON, terraform.Match, terraform.Parse},
		{formatJSON, json.Match, json.Parse},
		{"toml", toml.Match, toml.Parse},
		{formatHCL, hcl.Match, hcl.Parse},
		{"xml", xml.Match, xml.Parse},
		{"dotenv", dotenv.Match, dotenv.Parse},
		{"ini", ini.Match, ini.Parse},
	}
}
