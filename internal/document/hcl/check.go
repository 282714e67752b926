package hcl

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/adamant-os/adamant/internal/document/format"
)

// maxBranches bounds conditionals, directives and splats, which nest without brackets.
const maxBranches = 10_000

// maxBytes and maxTokens bound a file: the library takes up to a KiB of memory for each token, and tokens may be a byte long.
const (
	maxBytes  = 2 << 20
	maxTokens = 300_000
)

// check refuses what the library would follow without end: its parser is recursive and knows no depth.
func check(data []byte) (line int, fault string) {
	if len(data) > maxBytes {
		return 1, fmt.Sprintf("file has %d bytes; at most %d of HCL are read: split it", len(data), maxBytes)
	}
	tokens, _ := hclsyntax.LexConfig(data, "", hcl.InitialPos) // what is no token is the parser's to report
	var c counter
	for i := range tokens {
		if fault := c.count(&tokens[i]); fault != "" {
			return tokens[i].Range.Start.Line, fault
		}
	}
	if len(tokens) > maxTokens {
		return 1, fmt.Sprintf("file has %d tokens; at most %d of HCL are read: split it", len(tokens), maxTokens)
	}
	return 0, ""
}

// counter follows tokens. A closing token counts only for the opening one it belongs to, so that stray ones hide no depth.
type counter struct {
	open            []hclsyntax.TokenType // closing tokens that are due
	signs, branches int
}

func (c *counter) count(t *hclsyntax.Token) string {
	c.nest(t.Type)
	switch t.Type {
	case hclsyntax.TokenBang, hclsyntax.TokenMinus:
		c.signs++
	case hclsyntax.TokenNewline, hclsyntax.TokenComment:
	default:
		c.signs = 0
	}
	switch t.Type {
	case hclsyntax.TokenQuestion, hclsyntax.TokenTemplateControl, hclsyntax.TokenStar: // a[*][*] nests too
		c.branches++
	case hclsyntax.TokenNumberLit:
		if len(t.Bytes) > maxDigits {
			return fmt.Sprintf("a number of more than %d digits", maxDigits)
		}
	}
	switch {
	case len(c.open) > format.MaxDepth || c.signs > format.MaxDepth:
		return fmt.Sprintf("nested more than %d levels deep", format.MaxDepth)
	case c.branches > maxBranches:
		return fmt.Sprintf("more than %d conditionals and splats", maxBranches)
	}
	return ""
}

func (c *counter) nest(t hclsyntax.TokenType) {
	if end, opens := closing(t); opens {
		c.open = append(c.open, end)
	} else if n := len(c.open); n > 0 && c.open[n-1] == t {
		c.open = c.open[:n-1]
	}
}

// closing is the token that ends what t begins.
func closing(t hclsyntax.TokenType) (end hclsyntax.TokenType, opens bool) {
	switch t {
	case hclsyntax.TokenOBrace:
		return hclsyntax.TokenCBrace, true
	case hclsyntax.TokenOBrack:
		return hclsyntax.TokenCBrack, true
	case hclsyntax.TokenOParen:
		return hclsyntax.TokenCParen, true
	case hclsyntax.TokenOQuote:
		return hclsyntax.TokenCQuote, true
	case hclsyntax.TokenOHeredoc:
		return hclsyntax.TokenCHeredoc, true
	case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		return hclsyntax.TokenTemplateSeqEnd, true
	}
	return 0, false
}
