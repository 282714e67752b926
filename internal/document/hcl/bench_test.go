package hcl

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParse reads a file of 1,000 resources.
func BenchmarkParse(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "resource \"aws_s3_bucket\" \"b%d\" {\n  bucket = \"name-${var.env}-%d\"\n  acl    = var.acl\n  tags = {\n    team = \"core\"\n    cost = %d\n  }\n  versioning {\n    enabled = true\n  }\n}\n\n", i, i, i)
	}
	data := []byte(text.String())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if Parse("a.tf", data)[0].Error != "" {
			b.Fatal("not read")
		}
	}
}
