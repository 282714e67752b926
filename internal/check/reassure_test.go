package check

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestReassure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var events []Event
		r := &run{Runner: &Runner{Progress: func(e Event) { events = append(events, e) }}}
		log := newTranscript(100)
		stop := r.reassure("unit", time.Now(), log)
		time.Sleep(reassureEvery - time.Second)
		log.Write([]byte("downloading\ncompiling\n"))
		time.Sleep(reassureEvery + 2*time.Second)
		stop()
		time.Sleep(time.Hour)
		if len(events) != 2 || events[1].Duration != 2*reassureEvery || events[1].Note != "compiling" || events[1].Check != "unit" {
			t.Errorf("events %+v, want two, the second after a minute with the last line", events)
		}
	})
}
