package mergequeue_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/mergequeue"
)

func TestFreezeWindows(t *testing.T) {
	t.Parallel()
	type window struct {
		days           []string
		from, to, zone string
	}
	cases := []struct {
		window
		at, until string // RFC 3339; until "" = not frozen
	}{
		{window{nil, "fri 16:00", "mon 08:00", ""}, "2026-01-09T15:59:59Z", ""},
		{window{nil, "fri 16:00", "mon 08:00", ""}, "2026-01-09T16:00:00Z", "2026-01-12T08:00:00Z"},
		{window{nil, "fri 16:00", "mon 08:00", ""}, "2026-01-12T07:59:59Z", "2026-01-12T08:00:00Z"},
		{window{nil, "fri 16:00", "mon 08:00", ""}, "2026-01-12T08:00:00Z", ""},
		{window{nil, "fri 16:00", "mon 08:00", "Europe/Berlin"}, "2026-01-09T15:00:00Z", "2026-01-12T07:00:00Z"},
		{window{nil, "sat 00:00", "mon 00:00", "Europe/Berlin"}, "2026-03-28T12:00:00Z", "2026-03-29T22:00:00Z"}, // 23 hours on Sunday
		{window{[]string{"sat", "sun"}, "", "", ""}, "2026-01-10T00:00:00Z", "2026-01-12T00:00:00Z"},
		{window{[]string{"Mon"}, "22:00", "06:00", ""}, "2026-01-06T05:59:00Z", "2026-01-06T06:00:00Z"},
		{window{[]string{"mon"}, "22:00", "06:00", ""}, "2026-01-05T05:59:00Z", ""},
		{window{nil, "12:00", "13:00", ""}, "2026-01-07T12:30:00Z", "2026-01-07T13:00:00Z"},
		{window{nil, "sun 10:00", "sun 09:00", ""}, "2026-01-11T09:30:00Z", ""},
		{window{nil, "2026-12-20", "2027-01-03", ""}, "2027-01-03T23:59:59Z", "2027-01-04T00:00:00Z"},
		{window{nil, "2026-12-20 18:00", "2026-12-20 19:00", "America/New_York"}, "2026-12-20T23:30:00Z", "2026-12-21T00:00:00Z"},
		{window{nil, "2026-12-20", "2027-01-03", ""}, "2026-12-19T23:59:59Z", ""},
	}
	for _, c := range cases {
		w, err := mergequeue.ParseWindow("f", c.days, c.from, c.to, c.zone)
		if err != nil {
			t.Errorf("%+v: %v", c.window, err)
			continue
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		freeze, frozen := mergequeue.Calendar{w}.Frozen(at)
		got := ""
		if frozen {
			got = freeze.Until.UTC().Format(time.RFC3339)
		}
		if got != c.until {
			t.Errorf("%+v at %s: until %q, want %q", c.window, c.at, got, c.until)
		}
	}
}

func TestBadFreezeWindows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		days           []string
		from, to, zone string
		says           string
	}{
		{nil, "", "", "", "left out with days"},
		{nil, "18:00", "", "", "times of day"},
		{nil, "25:00", "26:00", "", `"25:00" is not a time of day`},
		{nil, "fri 16:00", "08:00", "", "both name a day"},
		{nil, "fry 16:00", "mon 08:00", "", `"fry" is not a day`},
		{[]string{"mon"}, "fri 16:00", "mon 08:00", "", "does not go with"},
		{[]string{"mon"}, "2026-01-01", "2026-01-02", "", "does not go with dates"},
		{nil, "2026-13-01", "2026-01-02", "", "is not a date"},
		{nil, "2026-01-02", "2026-01-01", "", "before it starts"},
		{nil, "12:00", "13:00", "Mars/Olympus", "is not a time zone"},
		{nil, "12:00", "13:00", "Local", "is not a time zone"},
	} {
		if _, err := mergequeue.ParseWindow("f", c.days, c.from, c.to, c.zone); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A freeze holds until the very instant it says, and not at it.
func TestFrozenUntil(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var c mergequeue.Calendar
		zones := []string{"", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"}
		spans := [][2]string{{"fri 16:00", "mon 08:00"}, {"22:00", "02:30"}, {"01:00", "02:00"}, {"2026-03-01", "2026-04-02"}, {"sun 23:00", "tue 01:00"}}
		for range rapid.IntRange(1, 3).Draw(t, "windows") {
			span := rapid.SampledFrom(spans).Draw(t, "span")
			w, err := mergequeue.ParseWindow("w", nil, span[0], span[1], rapid.SampledFrom(zones).Draw(t, "zone"))
			if err != nil {
				t.Fatal(err)
			}
			c = append(c, w)
		}
		at := time.Unix(1_767_225_600+rapid.Int64Range(0, 366*24*3600).Draw(t, "second"), 0).UTC()
		freeze, frozen := c.Frozen(at)
		if !frozen {
			return
		}
		if !freeze.Until.After(at) {
			t.Fatalf("at %s frozen until %s", at, freeze.Until)
		}
		if _, still := c.Frozen(freeze.Until); still {
			t.Fatalf("at %s still frozen", freeze.Until)
		}
		if _, before := c.Frozen(freeze.Until.Add(-time.Nanosecond)); !before {
			t.Fatalf("not frozen just before %s", freeze.Until)
		}
	})
}
