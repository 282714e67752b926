package mergequeue

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a freeze means the same on a machine without a zone database
)

// Calendar says when nothing but hotfixes lands.
type Calendar []Window

// Window is one freeze: every week, or once. ParseWindow makes it.
type Window struct {
	name  string
	zone  *time.Location
	days  []time.Weekday // a weekly window starts on each of these; empty for one by dates
	from  clockTime      // of the first day
	to    clockTime      // of the last day
	span  int            // days between the two
	start time.Time      // by dates: the first instant, and the first one after
	end   time.Time
}

type clockTime struct{ hour, minute int }

// Freeze is a freeze that holds now.
type Freeze struct {
	Name  string
	Until time.Time // the first instant that nothing is frozen, or at most a year ahead
}

const longest = 366 * 24 * time.Hour // how far ahead Frozen looks

// Frozen says whether anything holds landings at an instant.
func (c Calendar) Frozen(at time.Time) (Freeze, bool) {
	name, until, frozen := c.at(at)
	if !frozen {
		return Freeze{}, false
	}
	for until.Sub(at) < longest {
		_, next, still := c.at(until)
		if !still {
			break
		}
		until = next
	}
	return Freeze{Name: name, Until: until}, true
}

// at is the first window that holds at an instant.
func (c Calendar) at(at time.Time) (string, time.Time, bool) {
	for _, w := range c {
		if end, ok := w.holds(at); ok {
			return w.name, end.UTC(), true
		}
	}
	return "", time.Time{}, false
}

// holds says whether a window is open at an instant, and when it ends.
func (w Window) holds(at time.Time) (end time.Time, ok bool) {
	if len(w.days) == 0 {
		return w.end, !at.Before(w.start) && at.Before(w.end)
	}
	local := at.In(w.zone)
	for back := range w.span + 1 {
		y, m, d := local.Date()
		start := w.on(y, m, d-back, w.from)
		end := w.on(y, m, d-back+w.span, w.to)
		if slices.Contains(w.days, time.Date(y, m, d-back, 12, 0, 0, 0, w.zone).Weekday()) && !at.Before(start) && at.Before(end) {
			return end, true
		}
	}
	return time.Time{}, false
}

func (w Window) on(y int, m time.Month, d int, c clockTime) time.Time {
	return time.Date(y, m, d, c.hour, c.minute, 0, 0, w.zone)
}

// ParseWindow reads one freeze window. from and to are both times of day ("18:00", on each of days, every day when there
// are none; up to the next day when to is not after from; both empty: whole days), days and times of the week ("fri 16:00"), or dates ("2026-12-20" with or without
// a time; a date as the end is included). zone is a name of the IANA database, UTC when empty.
func ParseWindow(name string, days []string, from, to, zone string) (Window, error) {
	w := Window{name: name}
	var err error
	if w.zone, err = time.LoadLocation(zone); err != nil || zone == "Local" {
		return w, fmt.Errorf("freeze %s: %q is not a time zone, such as Europe/Berlin or UTC", name, zone)
	}
	if err := w.parse(days, from, to); err != nil {
		return w, fmt.Errorf("freeze %s: %w", name, err)
	}
	return w, nil
}

func (w *Window) parse(days []string, from, to string) error {
	first, fromDay := cutDay(from)
	last, toDay := cutDay(to)
	switch {
	case len(from) >= len(time.DateOnly) && from[0] <= '9':
		return w.parseDates(days, from, to)
	case fromDay != toDay:
		return fmt.Errorf("from %q and to %q must both name a day or both not", from, to)
	case fromDay:
		return w.parseWeek(days, from, first, to, last)
	}
	return w.parseDaily(days, from, to)
}

// parseDaily reads a window that starts on each of some days.
func (w *Window) parseDaily(days []string, from, to string) (err error) {
	if w.days, err = parseDays(days); err != nil {
		return err
	}
	if (from == "") != (to == "") || from == "" && len(days) == 0 {
		return fmt.Errorf("from and to are times of day such as 18:00, or both left out with days given")
	}
	if from == "" {
		w.span = 1
		return nil
	}
	if w.from, err = parseClock(from); err != nil {
		return err
	}
	if w.to, err = parseClock(to); err != nil {
		return err
	}
	if !w.from.before(w.to) {
		w.span = 1
	}
	return nil
}

// parseWeek reads a window from one day of the week to another.
func (w *Window) parseWeek(days []string, from, first, to, last string) (err error) {
	if len(days) > 0 {
		return fmt.Errorf("days does not go with from %q, which names a day", from)
	}
	if w.days, err = parseDays([]string{first}); err != nil {
		return err
	}
	end, err := parseDays([]string{last})
	if err != nil {
		return err
	}
	if w.from, err = parseClock(from[len(first)+1:]); err != nil {
		return err
	}
	if w.to, err = parseClock(to[len(last)+1:]); err != nil {
		return err
	}
	w.span = (int(end[0]) - int(w.days[0]) + 7) % 7
	if w.span == 0 && !w.from.before(w.to) {
		w.span = 7
	}
	return nil
}

// parseDates reads a window that happens once.
func (w *Window) parseDates(days []string, from, to string) (err error) {
	if len(days) > 0 {
		return fmt.Errorf("days does not go with dates")
	}
	if w.start, _, err = w.parseDate(from); err != nil {
		return err
	}
	var whole bool
	if w.end, whole, err = w.parseDate(to); err != nil {
		return err
	}
	if whole {
		w.end = w.end.AddDate(0, 0, 1)
	}
	if !w.start.Before(w.end) {
		return fmt.Errorf("it ends (%s) before it starts (%s)", to, from)
	}
	return nil
}

func (w *Window) parseDate(text string) (t time.Time, whole bool, err error) {
	if t, err = time.ParseInLocation(time.DateOnly, text, w.zone); err == nil {
		return t, true, nil
	}
	if t, err = time.ParseInLocation(time.DateOnly+" 15:04", text, w.zone); err == nil {
		return t, false, nil
	}
	return t, false, fmt.Errorf("%q is not a date such as 2026-12-20 or 2026-12-20 18:00", text)
}

func (c clockTime) before(other clockTime) bool {
	return c.hour*60+c.minute < other.hour*60+other.minute
}

func parseClock(text string) (clockTime, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return clockTime{}, fmt.Errorf("%q is not a time of day such as 18:00", text)
	}
	return clockTime{t.Hour(), t.Minute()}, nil
}

// cutDay is the day in front of a time, if there is one.
func cutDay(text string) (string, bool) {
	day, _, found := strings.Cut(text, " ")
	return day, found
}

// parseDays reads days of the week; none are all.
func parseDays(names []string) ([]time.Weekday, error) {
	known := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	var out []time.Weekday
	for _, name := range names {
		i := slices.Index(known, strings.ToLower(name))
		if i < 0 {
			return nil, fmt.Errorf("%q is not a day of the week: sun, mon, tue, wed, thu, fri, sat", name)
		}
		out = append(out, time.Weekday(i))
	}
	if len(names) == 0 {
		out = []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	}
	return out, nil
}
