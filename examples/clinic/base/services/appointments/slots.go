// Package appointments finds free slots.
package appointments

import "time"

// Appointment is a booked span of time.
type Appointment struct {
	Start time.Time
	Long  time.Duration
}

func (a Appointment) end() time.Time { return a.Start.Add(a.Long) }

// Free says whether a span of time overlaps none of the booked ones.
func Free(booked []Appointment, want Appointment) bool {
	for _, b := range booked {
		if want.Start.Before(b.end()) && b.Start.Before(want.end()) {
			return false
		}
	}
	return true
}
