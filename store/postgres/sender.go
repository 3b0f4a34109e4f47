package postgres

import (
	"context"
	"fmt"
)

// grantedQuery always has a row. The first day of a sender without any is the one that is asked about.
const grantedQuery = `SELECT $2::bigint - least(min(day), $2::bigint), coalesce(sum(granted) FILTER (WHERE day = $2::bigint), 0)::bigint FROM sender_day WHERE sender = $1`

// GrantMails implements [store.Senders].
func (s *Store) GrantMails(ctx context.Context, sender string, day int64, give func(nth int, granted int64) int64) (mails int64, err error) {
	err = s.change(ctx, "grant mails", func(t *transaction) error {
		// Whoever else asks waits for this row.
		const mine = `INSERT INTO sender_day (sender, day, granted) VALUES ($1, $2, 0) ON CONFLICT (sender, day) DO UPDATE SET granted = sender_day.granted`
		if err := t.run(mine, sender, day); err != nil {
			return err
		}
		var nth int
		var granted int64
		if _, err := t.row(grantedQuery, []any{sender, day}, &nth, &granted); err != nil {
			return err
		}
		mails = max(give(nth, granted), 0)
		return t.addGranted(sender, day, mails)
	})
	return mails, err
}

// addGranted changes what is granted of a day; one of which nothing is left was none.
func (t *transaction) addGranted(sender string, day, mails int64) error {
	if err := t.run(`UPDATE sender_day SET granted = granted + $1 WHERE sender = $2 AND day = $3`, mails, sender, day); err != nil {
		return err
	}
	return t.run(`DELETE FROM sender_day WHERE sender = $1 AND day = $2 AND granted <= 0`, sender, day)
}

// ReturnMails implements [store.Senders].
func (s *Store) ReturnMails(ctx context.Context, sender string, day, mails int64) error {
	return s.change(ctx, "return mails", func(t *transaction) error { return t.addGranted(sender, day, -mails) })
}

// GrantedMails implements [store.Senders].
func (s *Store) GrantedMails(ctx context.Context, sender string, day int64) (nth int, granted int64, err error) {
	if _, err = s.row(ctx, grantedQuery, []any{sender, day}, &nth, &granted); err != nil {
		err = fmt.Errorf("read a sender's day: %w", err)
	}
	return nth, granted, err
}
