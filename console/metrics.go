package console

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"time"

	"germane/store"
)

// Collector returns what somebody counts. It is called for every scrape, and must be quick.
type Collector func(ctx context.Context) ([]Metric, error)

// Metric is a family of numbers. Names begin with germane_; those of counters end in _total, and units are part of the name
// (https://prometheus.io/docs/practices/naming/).
type Metric struct {
	Name, Help string
	Counter    bool // only goes up; otherwise a gauge
	Samples    []Sample
}

// Sample is one number. Labels are name, value, name, value: words of a small set, never people.
type Sample struct {
	Labels []string
	Value  float64
}

// One is a metric without labels.
func One(name, help string, counter bool, value float64) Metric {
	return Metric{name, help, counter, []Sample{{nil, value}}}
}

const collectWithin = 5 * time.Second

// metrics writes Prometheus's text format 0.0.4 by hand: it is ten lines, its client library would bring a dozen modules.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), collectWithin)
	defer cancel()
	families := map[string]*Metric{}
	failed := 0.0
	for _, collect := range append([]Collector{s.process, s.switches, s.openRuns}, s.Collectors...) {
		all, err := collect(ctx)
		if err != nil { // the others' numbers are needed most when something is wrong
			s.Log.Error("collect metrics", "err", err)
			failed++
		}
		merge(families, all)
	}
	merge(families, []Metric{One("germane_collectors_failed", "Sources of metrics that failed in this scrape.", false, failed)})
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(families)) {
		families[name].write(&b)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Write(b.Bytes())
}

// merge adds metrics to families: a name may stand only once in the format.
func merge(families map[string]*Metric, all []Metric) {
	for _, m := range all {
		if known := families[m.Name]; known != nil {
			known.Samples = append(known.Samples, m.Samples...)
			continue
		}
		families[m.Name] = &m
	}
}

func (m *Metric) write(b *bytes.Buffer) {
	kind := "gauge"
	if m.Counter {
		kind = "counter"
	}
	b.WriteString("# HELP " + m.Name + " " + helpEscapes.Replace(m.Help) + "\n# TYPE " + m.Name + " " + kind + "\n")
	for _, sample := range m.Samples {
		b.WriteString(m.Name)
		for i := 0; i+1 < len(sample.Labels); i += 2 {
			b.WriteByte("{,"[min(i, 1)])
			b.WriteString(sample.Labels[i] + `="` + labelEscapes.Replace(sample.Labels[i+1]) + `"`)
		}
		if len(sample.Labels) > 1 {
			b.WriteByte('}')
		}
		b.WriteString(" " + strconv.FormatFloat(sample.Value, 'g', -1, 64) + "\n")
	}
}

var (
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// process says what every Go program's metrics say, under the names that dashboards know.
func (s *Server) process(context.Context) ([]Metric, error) {
	memory := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(memory)
	return []Metric{
		{"germane_info", "The program's version; always 1.", false, []Sample{{[]string{"version", s.Version, "go", runtime.Version()}, 1}}},
		One("go_goroutines", "Number of goroutines that currently exist.", false, float64(runtime.NumGoroutine())),
		One("germane_memory_bytes", "Memory that the process holds.", false, float64(memory[0].Value.Uint64()-memory[1].Value.Uint64())),
	}, nil
}

// switches says whether sending is allowed and not stopped. A database that does not answer is the metric that alerts should watch.
func (s *Server) switches(ctx context.Context) ([]Metric, error) {
	all, err := s.Store.Switches(ctx)
	up := One("germane_database_up", "1 when the database answers.", false, 0)
	if err != nil {
		return []Metric{up}, err
	}
	up.Samples[0].Value = 1
	m := Metric{"germane_switch", "1 when a switch is on: armed allows real delivery, stopped halts it.", false, nil}
	for _, name := range []string{store.SwitchArmed, store.SwitchStopped} {
		value := 0.0
		if all[name].On {
			value = 1
		}
		m.Samples = append(m.Samples, Sample{[]string{"name", name}, value})
	}
	return []Metric{up, m}, nil
}

// openRuns says what became of the people of runs that go on.
func (s *Server) openRuns(ctx context.Context) ([]Metric, error) {
	runs, err := s.Store.Runs(ctx, store.RunFilter{Open: true})
	states := Metric{"germane_run", "Runs that are neither finished nor cancelled, by state; always 1.", false, nil}
	deliveries := Metric{"germane_deliveries", "People of a run that goes on, by what became of them.", false, nil}
	for _, r := range runs {
		id := strconv.FormatInt(r.ID, 10)
		states.Samples = append(states.Samples, Sample{[]string{"campaign", r.Campaign, "run", id, "state", string(r.State)}, 1})
		for _, c := range []struct {
			state string
			n     int64
		}{{"sent", r.Sent}, {"failed", r.Failed}, {"skipped", r.Skipped}, {"held_out", r.HeldOut}, {"in_doubt", r.InDoubt}, {"waiting", r.Waiting}} {
			deliveries.Samples = append(deliveries.Samples, Sample{[]string{"campaign", r.Campaign, "run", id, "state", c.state}, float64(c.n)})
		}
	}
	return []Metric{states, deliveries}, err
}
