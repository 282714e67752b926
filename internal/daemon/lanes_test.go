package daemon

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/mergequeue"
)

// TestLanesByGraph has changes meet where one of them, or what needs it, is what the other one needs, and nowhere else.
func TestLanesByGraph(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(h *house) {
		h.clone.Write("shop/tax.py", "RATE = 1\n")
		h.clone.Write("shop/bill.py", "from shop import tax\n\nTOTAL = tax.RATE\n")
		h.clone.Write("pay/card.go", "package pay\n\nfunc Card() {}\n")
		h.clone.Write("pay/cash.go", "package pay\n\nfunc Cash() {}\n")
		h.clone.Write("go.mod", "module example.com/sample\n\ngo 1.26\n")
		h.clone.Commit("files that need others")
	})
	d := &Daemon{kernel: h.kernel, worlds: newWorlds(), log: slog.New(slog.DiscardHandler)}
	base := h.clone.Git("rev-parse", "main")
	ids := map[string]mergequeue.Affected{}
	for path, text := range map[string]string{
		"shop/tax.py": "RATE = 2\n", "shop/bill.py": "from shop import tax\n\nTOTAL = 2 * tax.RATE\n", "docs/a.md": "# A\n",
		"pay/card.go": "package pay\n\nfunc Card() { _ = 1 }\n", "pay/cash.go": "package pay\n\nfunc Cash() { _ = 1 }\n",
	} {
		h.clone.Git("switch", "-q", "-C", "work", base)
		h.clone.Write(path, text)
		head := h.clone.Commit("edit " + path)
		h.clone.Git("push", "-q", h.kernelGit(), "HEAD:refs/test/"+path)
		got := d.affected(t.Context(), &gate.Assessment{Base: base, Head: string(head)}, []string{path})
		if got.By != "graph" || !slices.IsSorted(got.IDs) || !slices.Contains(got.IDs, path) {
			t.Fatalf("%s has an effect on %+v", path, got)
		}
		ids[path] = got
	}
	for _, tt := range []struct {
		a, b string
		meet bool
	}{
		{"shop/tax.py", "shop/bill.py", true},
		{"pay/card.go", "pay/cash.go", true}, // one package, compiled as a whole
		{"shop/tax.py", "pay/card.go", false},
		{"docs/a.md", "shop/bill.py", false},
	} {
		shared := slices.ContainsFunc(ids[tt.a].IDs, func(id string) bool { return slices.Contains(ids[tt.b].IDs, id) })
		if shared != tt.meet {
			t.Errorf("%s and %s meet: %v, want %v\n%v\n%v", tt.a, tt.b, shared, tt.meet, ids[tt.a].IDs, ids[tt.b].IDs)
		}
	}
	if got := d.affected(t.Context(), &gate.Assessment{Base: base, Head: base[:39] + "0"}, nil); got.By != "" {
		t.Errorf("what cannot be read has an effect on %+v, not on everything", got)
	}
}
