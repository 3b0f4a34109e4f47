package sqlite

import (
	"context"
	"fmt"
)

// grantedQuery always has a row. The first day of a sender without any is the one that is asked about.
const grantedQuery = `SELECT ?2 - min(coalesce(min(day), ?2), ?2), coalesce(sum(CASE WHEN day = ?2 THEN granted END), 0) FROM sender_day WHERE sender = ?1`

// GrantMails implements [store.Senders].
func (s *Store) GrantMails(ctx context.Context, sender string, day int64, give func(nth int, granted int64) int64) (mails int64, err error) {
	err = s.change(ctx, "grant mails", func(t *transaction) error {
		var nth int
		var granted int64
		if _, err := t.row(grantedQuery, []any{sender, day}, &nth, &granted); err != nil {
			return err
		}
		if mails = give(nth, granted); mails <= 0 {
			return nil
		}
		return t.run(`INSERT INTO sender_day (sender, day, granted) VALUES (?, ?, ?) ON CONFLICT (sender, day) DO UPDATE SET granted = granted + excluded.granted`, sender, day, mails)
	})
	return mails, err
}

// ReturnMails implements [store.Senders].
func (s *Store) ReturnMails(ctx context.Context, sender string, day, mails int64) error {
	return s.change(ctx, "return mails", func(t *transaction) error {
		if err := t.run(`UPDATE sender_day SET granted = granted - ? WHERE sender = ? AND day = ?`, mails, sender, day); err != nil {
			return err
		}
		return t.run(`DELETE FROM sender_day WHERE sender = ? AND day = ? AND granted <= 0`, sender, day)
	})
}

// GrantedMails implements [store.Senders].
func (s *Store) GrantedMails(ctx context.Context, sender string, day int64) (nth int, granted int64, err error) {
	if _, err = s.row(ctx, grantedQuery, []any{sender, day}, &nth, &granted); err != nil {
		err = fmt.Errorf("read a sender's day: %w", err)
	}
	return nth, granted, err
}
