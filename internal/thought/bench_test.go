package thought

import (
	"os"
	"strings"
	"testing"
)

func BenchmarkRedact(b *testing.B) {
	code, err := os.ReadFile("redact.go")
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"code": string(code), "log": strings.Repeat("ok  \tgithub.com/adamant-os/adamant/internal/thought\t0.012s coverage: 91.2% of statements\n", 100),
		"hashes": strings.Repeat("5f0c1d2e3a4b5c6d7e8f90123456789012345678 refs/heads/main\n", 150),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := NewRedactor().Redact(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
