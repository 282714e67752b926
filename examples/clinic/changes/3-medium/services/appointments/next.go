package appointments

import "time"

// next returns the first start at or after from at which a slot of that length is free.
func next(booked []Appointment, from time.Time, long time.Duration) time.Time {
	for {
		want := Appointment{Start: from, Long: long}
		if Free(booked, want) {
			return from
		}
		from = from.Add(5 * time.Minute)
	}
}
