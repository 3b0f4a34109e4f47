package worker_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
)

// TestWhoMoves: between planning and the last zone people move. Each gets one mail: at their new hour, or when the last zone is through.
// Who comes into the audience when their hour is over gets none.
func TestWhoMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-02-28 00:00", "", map[string]string{"weekly": campaign("cadence: {every: monday 09:00, time_zone: recipient}", `audience: plan == "free"`)})
	free := `{"plan":"free"}`
	w.people(
		[3]string{"tokyo", "Asia/Tokyo", free}, [3]string{"eastward", "Europe/London", free}, [3]string{"westward", "Asia/Tokyo", free}, [3]string{"sooner", "America/Los_Angeles", free},
		[3]string{"home", "Europe/London", free}, [3]string{"newcomer", "Asia/Tokyo", `{"plan":"pro"}`}, [3]string{"hawaii", "Pacific/Honolulu", free},
	)
	w.until("2027-03-01 03:00") // Tokyo is through
	w.people([3]string{"eastward", "Asia/Tokyo", ``}, [3]string{"westward", "Europe/London", ``}, [3]string{"newcomer", "", free}, [3]string{"sooner", "Europe/London", ``})
	w.until("2027-03-02 12:00")
	want := "eastward 01 19:01, hawaii 01 19:00, home 01 09:00, sooner 01 09:00, tokyo 01 00:00, westward 01 00:00"
	if got := w.mails(); got != want {
		t.Errorf("mails %s, want %s", got, want)
	}
	if got, want := w.told("weekly"), "03-01T09:00 finished 6 sent"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestWhoIsFurtherEast lives further east than everybody before, and is noticed within ten minutes.
func TestWhoIsFurtherEast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-02-28 12:00", "", map[string]string{"weekly": campaign("cadence: {every: monday 09:00, time_zone: recipient}")})
	w.people([3]string{"london", "Europe/London", `{}`})
	w.until("2027-02-28 18:50")
	w.people([3]string{"kiritimati", "Pacific/Kiritimati", `{}`})
	w.until("2027-03-02 00:00")
	if got, want := w.mails(), "kiritimati 28 19:00, london 01 09:00"; got != want {
		t.Errorf("mails %s, want %s", got, want)
	}
}

// TestBeginningAnew: what was due before a campaign was deployed, while it was a draft or paused, or before its cadence was changed is
// not made up for.
func TestBeginningAnew(t *testing.T) {
	t.Parallel()
	daily := campaign("cadence: {every: day 09:00, catch_up: all}")
	w := newWorld(t, "2027-03-01 10:00", "", map[string]string{"daily": daily})
	w.people([3]string{"p", "UTC", `{}`})
	step := func(until, want string) {
		t.Helper()
		w.until(until)
		told := strings.Split(w.told("daily"), "; ")
		if got := told[len(told)-1]; got != want {
			t.Errorf("until %s: got %s, want %s", until, got, want)
		}
	}
	deploy := func(file string) {
		w.write("campaigns/daily.yaml", file)
		w.deploy()
	}
	step("2027-03-01 12:00", "")
	step("2027-03-02 12:00", "03-02T09:00 finished 1 sent")
	deploy(campaign("cadence: {every: day 09:00, catch_up: all}", "state: draft"))
	step("2027-03-04 12:00", "03-02T09:00 finished 1 sent")
	deploy(daily)
	step("2027-03-05 12:00", "03-05T09:00 finished 1 sent")
	w.must(w.store.PauseCampaign(t.Context(), "daily", true, "kim"))
	step("2027-03-06 12:00", "03-06T09:00 missed: the campaign is paused")
	w.must(w.store.PauseCampaign(t.Context(), "daily", false, ""))
	step("2027-03-07 12:00", "03-07T09:00 finished 1 sent")
	deploy(campaign("cadence: {every: day 11:00, catch_up: all}"))
	step("2027-03-07 18:00", "03-07T09:00 finished 1 sent")
	step("2027-03-08 12:00", "03-08T11:00 finished 1 sent")
	// Clocks elsewhere show less: what was passed here is to come there.
	deploy(campaign("cadence: {every: day 11:00, catch_up: all, time_zone: America/Los_Angeles}"))
	step("2027-03-08 20:00", "03-08T11:00 finished 1 sent") // the same occurrence
	step("2027-03-09 20:00", "03-09T11:00 finished 1 sent")
	if len(w.alerts) > 0 || len(w.mail.got) != 5 {
		t.Errorf("%d mails, alerts %+v", len(w.mail.got), w.alerts)
	}
}

// TestApprovals: runs wait for a person when what is known is old, or the audience is not what it was.
func TestApprovals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-03-01 08:00", "", map[string]string{"daily": campaign("cadence: {every: day 09:00}", "expect: {audience: 10..200, data_within: 24h}", `audience: plan == "free"`)})
	w.crowd(100, "UTC")
	approve := func(want string) *store.Run {
		t.Helper()
		runs := w.runs("daily")
		last := runs[len(runs)-1]
		if want == "" && last.State != store.RunFinished || want != "" && (last.State != store.RunWaitingApproval || !strings.Contains(last.Note, want) || last.Waiting != last.Planned) {
			t.Errorf("%s is %s: %s", last.Occurrence, last.State, last.Note)
		}
		return last
	}
	w.until("2027-03-01 12:00")
	approve("")
	w.until("2027-03-02 12:00")
	late := approve("the last import was 25h0m0s ago, and data_within is 24h0m0s")
	w.crowd(10, "UTC")
	w.until("2027-03-03 08:30")
	w.must(w.store.MoveRun(t.Context(), late.ID, store.RunRunning, "", w.now))
	w.until("2027-03-03 12:00")
	approve("")
	// More than half of them leave the audience, and then all but nine.
	leave := func(from, to int) {
		var gone []audience.Update
		for i := from; i < to; i++ {
			gone = append(gone, audience.Update{Email: "p" + strconv.Itoa(i) + "@mail.example", Attributes: []byte(`{"plan":"pro"}`)})
		}
		_, err := w.store.Import(t.Context(), gone, store.Importing{At: w.now, Source: "import"})
		w.must(err)
	}
	leave(40, 100)
	w.until("2027-03-04 12:00")
	approve("the audience is 40 people, less than half of the 100 that the last runs had")
	leave(9, 40)
	w.until("2027-03-05 12:00")
	approve("the audience is 9 people, and at least 10 are expected")
	if got, want := w.alerted(), "waiting_approval waiting_approval waiting_approval"; got != want {
		t.Errorf("alerts %s, want %s", got, want)
	}
	if got := w.runs("daily")[1]; got.State != store.RunFinished || got.Sent != 100 || got.Finished.Sub(got.Created) < 20*time.Hour {
		t.Errorf("approved, the run is %s: %+v", got.State, got.Counts)
	}
}
