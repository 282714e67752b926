package door

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkPropose is a push to refs/for/main through everything, without the pusher's own git.
func BenchmarkPropose(b *testing.B) {
	f := newFixture(b)
	s := f.coder("a")
	var bodies [][]byte
	for n := 0; b.Loop(); n++ {
		if n == len(bodies) {
			b.StopTimer()
			head, pack := f.proposal("x", fmt.Sprint(n))
			bodies = append(bodies, body("", head, "refs/for/main", pack))
			b.StartTimer()
		}
		_, answer, err := f.post(b.Context(), s, servicePush, bytes.NewReader(bodies[n]))
		if err != nil || !strings.Contains(answer, "ok refs/for/main") {
			b.Fatal(answer, err)
		}
	}
}
