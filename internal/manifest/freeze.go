package manifest

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a zone means the same on a machine without a zone database
)

// The three forms of an end of a freeze window.
var (
	clockForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`) })
	weekForm  = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(mon|tue|wed|thu|fri|sat|sun) ([01][0-9]|2[0-3]):[0-5][0-9]$`)
	})
)

func isDate(text string) bool {
	_, day := time.Parse(time.DateOnly, text)
	_, minute := time.Parse(time.DateOnly+" 15:04", text)
	return day == nil || minute == nil
}

// freezes checks that each window can be read: mergequeue.ParseWindow takes what passes here.
func (v *validator) freezes(windows []Freeze) {
	for i, w := range windows {
		at := "/spec/queue/freeze/" + strconv.Itoa(i)
		if _, err := time.LoadLocation(w.Zone); err != nil || w.Zone == "Local" {
			v.report(at+"/zone", "%q is not a time zone, such as Europe/Berlin or UTC", w.Zone)
		}
		switch both := func(is func(string) bool) bool { return is(w.From) && is(w.To) }; {
		case w.From == "" && w.To == "" && len(w.Days) > 0, both(clockForm().MatchString):
		case both(weekForm().MatchString) && len(w.Days) == 0:
		case both(isDate) && len(w.Days) == 0:
			v.datesInOrder(at, w)
		default:
			v.report(at, "from and to are both times of day (18:00), times of the week (fri 16:00) or dates (2026-12-20, 2026-12-20 18:00), or both left out with days given; days go with times of day only")
		}
	}
}

// datesInOrder compares dates as text: the forms sort by time, and a date as the end is that whole day.
func (v *validator) datesInOrder(at string, w Freeze) {
	end := w.To
	if !strings.Contains(end, " ") {
		end += " 24:00"
	}
	if w.From >= end {
		v.report(at+"/to", "the window ends (%s) before it starts (%s)", w.To, w.From)
	}
}
