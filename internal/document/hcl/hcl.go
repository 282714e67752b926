// Package hcl reads HCL 2, the language of Terraform, OpenTofu, Packer and Nomad, into plain values. It evaluates nothing: an
// expression that is no literal is its source text in "${...}".
//
// A block stands below its type and its labels, always in a list, because a block may be repeated: the resource
//
//	resource "aws_s3_bucket" "logs" { acl = var.acl }
//
// is {"resource": {"aws_s3_bucket": {"logs": [{"acl": "${var.acl}"}]}}}, as in conftest.
package hcl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/adamant-os/adamant/internal/document/format"
)

// Match says whether a file of this name is HCL 2.
func Match(base string) bool {
	return format.HasExtension(base, ".tf", ".tofu", ".tfvars", ".hcl")
}

// Parse reads one file.
func Parse(path string, data []byte) []format.Tree {
	if line, fault := check(data); fault != "" {
		return format.Fail(line, fault)
	}
	file, diags := hclsyntax.ParseConfig(data, path, hcl.InitialPos)
	for _, d := range diags.Errs() {
		return fail(d)
	}
	r := reader{text: data, lines: format.Lines{"": 1}}
	value, err := r.body(file.Body.(*hclsyntax.Body), "")
	if err != nil {
		return fail(err)
	}
	return []format.Tree{{Value: value, Places: r.lines}}
}

// fail names the first thing that is wrong.
func fail(err error) []format.Tree {
	d, ok := err.(*hcl.Diagnostic)
	if !ok || d.Subject == nil {
		return format.Fail(1, err.Error())
	}
	return format.Fail(d.Subject.Start.Line, strings.TrimSuffix(d.Summary, ".")+": "+d.Detail)
}

type reader struct {
	text  []byte
	lines format.Lines
}

// body reads attributes and blocks. Blocks come first: an attribute may not have the name of a block.
func (r *reader) body(body *hclsyntax.Body, at string) (map[string]any, error) {
	out := make(map[string]any, len(body.Attributes)+len(body.Blocks))
	for _, block := range body.Blocks {
		if err := r.block(block, out, at); err != nil {
			return nil, err
		}
	}
	for name, a := range body.Attributes {
		if _, taken := out[name]; taken {
			return nil, faultAt(a.NameRange, "%s is an argument and a block", name)
		}
		here := format.Join(at, name)
		r.lines[here] = a.NameRange.Start.Line
		out[name] = r.value(a.Expr, here)
	}
	return out, nil
}

// block adds one block below its type and labels.
func (r *reader) block(b *hclsyntax.Block, into map[string]any, at string) error {
	key := b.Type
	for _, label := range b.Labels {
		at = r.open(at, key, b)
		below, ok := into[key].(map[string]any)
		if !ok && into[key] != nil {
			return faultAt(b.TypeRange, "some %s blocks have labels here and some have none", b.Type)
		}
		if below == nil {
			below = map[string]any{}
			into[key] = below
		}
		into, key = below, label
	}
	list, ok := into[key].([]any)
	if !ok && into[key] != nil {
		return faultAt(b.TypeRange, "%s blocks have different numbers of labels here", b.Type)
	}
	at = r.open(at, key, b)
	at = r.open(at, strconv.Itoa(len(list)), b)
	value, err := r.body(b.Body, at)
	into[key] = append(list, value)
	return err
}

// open notes the line of a step on the way to a block, which is that of the first block there.
func (r *reader) open(at, token string, b *hclsyntax.Block) string {
	at = format.Join(at, token)
	if _, ok := r.lines[at]; !ok {
		r.lines[at] = b.TypeRange.Start.Line
	}
	return at
}

func faultAt(at hcl.Range, message string, args ...any) error {
	return &hcl.Diagnostic{Summary: "Not one shape", Detail: fmt.Sprintf(message, args...), Subject: &at}
}
