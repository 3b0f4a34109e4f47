//go:build linux

package endtoend

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"germane/internal/smtpfake"
	"germane/internal/testkit"
	"germane/store"
)

// TestCrowds measures, where GERMANE_BENCH is set, how long each thing that is done with many people takes on each engine, and how much
// memory: a worker's must not grow with them. GERMANE_BENCH_PEOPLE says how many; the smallest crowd comes first, with whose memory
// others' is compared: GERMANE_BENCH=1 GERMANE_BENCH_PEOPLE=100000,1000000 go test ./internal/endtoend -run TestCrowds -v -timeout 2h
func TestCrowds(t *testing.T) {
	if os.Getenv("GERMANE_BENCH") == "" {
		t.Log("GERMANE_BENCH=1 measures")
		return
	}
	var sizes []int
	files := map[int]string{}
	for text := range strings.SplitSeq(cmp.Or(os.Getenv("GERMANE_BENCH_PEOPLE"), "100000,1000000"), ",") {
		size, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		sizes, files[size] = append(sizes, size), crowdFile(t, size)
	}
	const caches = 64<<20 + 4*8<<20 // SQLite's, which fill with the database and no further
	for engine, more := range map[string]int64{"sqlite": caches, "postgres": 0} {
		least := int64(0) // memory that working for the smallest crowd took
		for _, size := range sizes {
			t.Run(fmt.Sprint(engine, " ", size), func(t *testing.T) {
				c := newCrowd(t, engine, size)
				c.measure(files[size])
				if least == 0 {
					least = c.working
				}
				if most := least + least/4 + more; c.working > most {
					t.Errorf("working took %d MB, and for fewer people %d MB", c.working>>20, least>>20)
				}
			})
		}
	}
}

// crowd is a workspace for many people.
type crowd struct {
	*site
	size    int
	inbox   *smtpfake.Receiver
	working int64 // bytes that the worker had at most
}

// newCrowd makes a workspace on a database that waits for the disk.
func newCrowd(t *testing.T, engine string, size int) *crowd {
	t.Helper()
	inbox, err := smtpfake.ReceiveCrowds(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inbox.Close() })
	set := []string{"GERMANE_RATE=1000000/s", "GERMANE_CONCURRENCY=32"}
	if engine == "postgres" {
		cluster := testkit.NewCluster(t)
		set = append(set, "GERMANE_DATABASE="+cluster.Address(cluster.Host))
	}
	c := &crowd{site: newSite(t, "smtp://"+inbox.Addr, 0, set...), size: size, inbox: inbox}
	catalogue, err := os.OpenFile(filepath.Join(c.dir, "attributes.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := catalogue.WriteString("country: {type: string, values: [DE, FR, GB, US]}\norders: {type: int}\nspent: {type: float}\n"); err != nil {
		t.Fatal(err)
	}
	if err := catalogue.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *crowd) measure(file string) {
	c.t.Helper()
	c.took("import", c.size, "people", "import", file)
	c.took("survey", c.size, "send", "weekly", "--dry-run")
	p := c.start("send", "weekly", "--yes")
	for c.inbox.Taken() == 0 && !p.over() {
		time.Sleep(10 * time.Millisecond)
	}
	p.end(syscall.SIGTERM)
	before := c.inbox.Taken()
	seconds, memory := c.took("send", 0, "worker", "--drain")
	c.working = memory
	c.t.Logf("%-16s %8.0f mails a second", "", float64(c.inbox.Taken()-before)/seconds)
	c.took("report", 0, "report", "weekly")
	c.took("runs", 0, "runs", "1")
	if r := c.report(); r.State != store.RunFinished || int(r.Sent) != c.inbox.Taken() || int(r.Planned) != c.size-c.size/5 {
		c.t.Errorf("%d arrived: %+v", c.inbox.Taken(), r)
	}
	to := filepath.Join(c.t.TempDir(), "copy.db")
	if c.variable("GERMANE_DATABASE") == "" {
		cluster := testkit.NewCluster(c.t)
		to = cluster.Address(cluster.Host)
	}
	c.took("db copy", 0, "db", "copy", "--to", to)
}

// took runs a command, and says how long it took and how much memory. things is how many it went through, 0 when that says nothing.
func (c *crowd) took(what string, things int, args ...string) (seconds float64, memory int64) {
	c.t.Helper()
	begun := time.Now()
	p := c.start(args...)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	var quarters []string // memory when a quarter of the mails had arrived, and so on: a bound is reached, growth goes on
	for !p.over() {
		memory = max(memory, p.memory())
		if c.inbox.Taken() > (len(quarters)+1)*c.size/5 {
			quarters = append(quarters, fmt.Sprint(memory>>20))
		}
		select {
		case <-p.exited:
		case <-look.C:
		}
	}
	if code := p.wait(); code != 0 {
		c.t.Fatalf("germane %s: exit code %d\n%s", strings.Join(args, " "), code, p.words())
	}
	seconds = time.Since(begun).Seconds()
	rate := ""
	if things > 0 {
		rate = fmt.Sprintf("%8.0f a second", float64(things)/seconds)
	}
	if args[0] == "worker" {
		rate = "on the way " + strings.Join(quarters, ", ") + " MB"
	}
	c.t.Logf("%-16s %8.1f s  %5d MB  %s", what, seconds, memory>>20, rate)
	return seconds, memory
}

// memory is how many bytes the process had at most, so far; 0 when it has ended.
func (p *process) memory() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64) // the kernel wrote it
			return kilobytes << 10
		}
	}
	return 0
}

// crowdFile writes people with ten attributes, a line each.
func crowdFile(t *testing.T, size int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), fmt.Sprint(size, ".jsonl"))
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(file)
	lines, seen := json.NewEncoder(out), time.Now().UTC().Truncate(time.Second)
	for i := range size {
		p := person(i)
		attributes := p["attributes"].(map[string]any)
		attributes["trial_days_left"], attributes["interests"] = i%11, []string{"planning", "teams"}
		attributes["last_order_at"], attributes["health_note"] = seen.Add(-time.Duration(i)*time.Second), "never used"
		attributes["country"], attributes["orders"], attributes["spent"] = []string{"DE", "FR", "GB", "US"}[i%4], i%31, float64(i%1000)/8
		if err := lines.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(out.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}
