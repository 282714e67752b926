package appointments

import (
	"testing"
	"time"
)

func TestNextSkipsWhatIsBooked(t *testing.T) {
	booked := []Appointment{{Start: nine, Long: time.Hour}}
	if got := next(booked, nine, 30*time.Minute); !got.Equal(nine.Add(time.Hour)) {
		t.Errorf("next free slot at %v", got)
	}
}
