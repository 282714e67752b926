package appointments

import (
	"testing"
	"time"
)

var nine = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func TestFree(t *testing.T) {
	booked := []Appointment{{Start: nine, Long: time.Hour}}
	if Free(booked, Appointment{Start: nine.Add(30 * time.Minute), Long: time.Hour}) {
		t.Error("an overlapping slot is free")
	}
	if !Free(booked, Appointment{Start: nine.Add(time.Hour), Long: time.Hour}) {
		t.Error("the slot after an appointment is not free")
	}
}
