// Command free says when the next free slot is.
package main

import (
	"os"
	"time"

	"example.com/clinic/services/appointments"
)

func main() {
	nine := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	booked := []appointments.Appointment{{Start: nine, Long: time.Hour}}
	for from := nine; ; from = from.Add(5 * time.Minute) {
		if appointments.Free(booked, appointments.Appointment{Start: from, Long: 30 * time.Minute}) {
			os.Stdout.WriteString(from.Format("the next free slot starts at 15:04\n"))
			return
		}
	}
}
