//go:build interop

package fetch

import (
	"os"
	"testing"
	"time"
)

// TestReal fetches the dependencies of the source that ADAMANT_TEST_FETCH names, from the public registries.
func TestReal(t *testing.T) {
	source := os.Getenv("ADAMANT_TEST_FETCH")
	if source == "" {
		t.Skip("LEFT OUT: ADAMANT_TEST_FETCH names no source")
	}
	l := newLab(t, func(o *Options) { o.Registry = Registries{} })
	l.source = source
	start := time.Now()
	for _, layer := range l.fetch(".") {
		var size int64
		for _, d := range layer.Dependencies {
			size += d.Size
		}
		t.Logf("%s: %s %s, %d downloads, %d bytes, %v", layer.Lock, layer.Ecosystem, layer.Digest, len(layer.Dependencies), size, time.Since(start))
	}
	start = time.Now()
	again := l.fetch(".")
	t.Logf("again: %v", time.Since(start))
	for _, layer := range again {
		start = time.Now()
		must(t, layer.Verify(t.Context()))
		t.Logf("%s: verified in %v", layer.Lock, time.Since(start))
	}
}
