package facts

import (
	"errors"
	"testing"
)

func TestBudget(t *testing.T) {
	t.Parallel()
	room := budget(10)
	for _, n := range []int{0, 4, 6, 0} {
		if err := room.spend(n); err != nil {
			t.Fatalf("within the budget: %v", err)
		}
	}
	var size *SizeError
	if err := room.spend(1); !errors.As(err, &size) {
		t.Errorf("over the budget: %v", err)
	}
}
