package track

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"germane/internal/engines"
	"germane/internal/sesfake"
	"germane/store/sqlite"
)

// BenchmarkNotices: 64 at once, as SNS posts them, half Sends and half Deliveries, each of them durable before it is answered.
func BenchmarkNotices(b *testing.B) {
	const mails = 2500
	var f *noticed
	if engines.Postgres() {
		f = newNoticed(b, mails)
	} else {
		db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "germane.db"), sqlite.Options{})
		if err != nil {
			b.Fatal(err)
		}
		f = newNoticedOn(b, newFixtureOn(b, db), mails)
	}
	f.Server.log = slog.New(slog.DiscardHandler)
	var bodies [][]byte
	for i := range f.mails {
		for _, becomes := range []sesfake.Becomes{{Type: "Send"}, {Type: "Delivery", After: time.Minute}} {
			bodies = append(bodies, f.topic.Notification(sesfake.Event(&f.mails[i], becomes)).JSON())
		}
	}
	f.post(bodies[0]) // the certificate
	var next atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if w := f.post(bodies[int(next.Add(1))%len(bodies)]); w.Code != http.StatusOK {
				b.Error(w.Code, w.Body)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notices/s")
}
