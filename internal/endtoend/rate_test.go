package endtoend

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"germane/internal/sesfake"
)

// TestMoreWorkers says how fast one worker is, and several are, each of which sends few mails at a time.
func TestMoreWorkers(t *testing.T) {
	t.Parallel()
	const concurrency = 4
	table := &strings.Builder{}
	out := tabwriter.NewWriter(table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "workers\tmails\tseconds\ta second\tat best\t")
	for _, workers := range sized([]int{1, 4}, []int{1, 2, 4}) {
		f := newFleet(t, slowInbox(t), sized(1300, 10_000), fmt.Sprintf("GERMANE_CONCURRENCY=%d", concurrency))
		f.begin(workers)
		f.awaitEnd(4 * time.Minute)
		f.check(0)
		steady := f.steady(10)
		took := steady[len(steady)-1].at.Sub(steady[0].at)
		fmt.Fprintf(out, "%d\t%d\t%.1f\t%.0f\t%.0f\t\n", workers, len(steady), took.Seconds(), float64(len(steady))/took.Seconds(), float64(workers*concurrency)/takes.Seconds())
	}
	_ = out.Flush() // into memory
	t.Logf("without the first and last tenth:\n%s", table)
}

// steady are the mails in the order they came in, without the first and last of parts.
func (f *fleet) steady(parts int) []arrival {
	all := f.inbox.arrivals()
	slices.SortFunc(all, func(a, b arrival) int { return a.at.Compare(b.at) })
	return all[len(all)/parts : len(all)-len(all)/parts]
}

// TestRateIsShared has four workers send at one rate, and looks at it where the mails arrive. When more than half have, one of them is
// killed: its share is lost for a while, and never had twice. A machine that stops for a moment brings what was in flight together, which
// is why that is little, and is allowed for.
func TestRateIsShared(t *testing.T) {
	t.Parallel()
	const workers = 4
	rate, concurrency := sized(100, 200), sized(2, 4)
	f := newFleet(t, slowInbox(t), sized(2500, 20_000), fmt.Sprintf("GERMANE_CONCURRENCY=%d", concurrency), fmt.Sprintf("GERMANE_RATE=%d/s", rate))
	f.begin(workers)
	f.awaitMails(f.people * 2 / 5) // of all people, seven tenths get one
	f.workers[0].end(syscall.SIGKILL)
	f.awaitEnd(4 * time.Minute)
	f.check(concurrency)
	seconds := f.seconds()
	t.Logf("second by second: %v", seconds)
	for i, n := range seconds {
		if n > max(rate*105/100, sized(rate+workers*concurrency, 0)) {
			t.Errorf("second %d had %d mails of %d", i, n, rate)
		}
	}
	used := used(seconds, rate)
	// How much is used is a matter of what else the machine does.
	if t.Logf("%.1f%% of the rate were used while all had work", 100*used); long && used < 0.9 {
		t.Error("that is too little")
	}
}

// seconds is how many mails came in each second.
func (f *fleet) seconds() []int {
	all := f.steady(len(f.inbox.arrivals()) + 1)
	seconds := make([]int, int(all[len(all)-1].at.Sub(all[0].at).Seconds())+1)
	for _, a := range all {
		seconds[int(a.at.Sub(all[0].at).Seconds())]++
	}
	return seconds
}

// used is the share of a rate that was used in the first half of the mails, when every worker has chunks to work on, but for the first
// seconds, in which the workers come to know of each other.
func used(seconds []int, rate int) float64 {
	const knowing = 3
	all, sum, until := 0, 0, 0
	for _, n := range seconds {
		all += n
	}
	for ; sum < all/2; until++ {
		sum += seconds[until]
	}
	for _, n := range seconds[:knowing] {
		sum -= n
	}
	return float64(sum) / float64(rate*(until-knowing))
}

// TestThrottledTogether has workers send by an account that allows less than they would: as many as it says, where germane.yaml says
// nothing, and as many as it takes, where germane.yaml says more. All mails arrive.
func TestThrottledTogether(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]string{"the account's limit": "GERMANE_RATE=", "a higher rate": "GERMANE_RATE=200/s"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := sesfake.New(sesfake.Account{PerSecond: 50})
			server := fake.Start()
			t.Cleanup(server.Close)
			in := crowdInbox{"ses://eu-west-1?endpoint=" + server.URL, func() int { return len(fake.Mails()) }, func() (all []arrival) {
				for _, m := range fake.Mails() {
					all = append(all, arrival{m.To, m.At})
				}
				return all
			}}
			f := newFleet(t, in, sized(1300, 5000), "GERMANE_CONCURRENCY=4", set)
			f.begin(2)
			f.awaitEnd(4 * time.Minute)
			r := f.check(0)
			t.Logf("%d mails, %d requests; second by second: %v", r.Sent, fake.Requests(), f.seconds())
			if refused := fake.Requests() - int(r.Sent); refused > int(r.Sent)/2 {
				t.Errorf("%d of %d requests were too many: nobody slowed down", refused, fake.Requests())
			}
		})
	}
}
