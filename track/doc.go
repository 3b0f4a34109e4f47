// Package track is the public HTTP server: what the links of a mail lead to. It follows clicks, counts opens, lets people withdraw
// consent, serves the pictures of mails, and takes the provider's notices.
//
//	/c/TOKEN/N[/VALUES]  a click: recorded, labelled when a machine seems to have done it, redirected
//	/o/TOKEN.gif         an open: a transparent picture, recorded
//	/u/TOKEN             unsubscribe from a topic: GET asks, POST does it (RFC 8058)
//	/p/TOKEN             preferences: all topics of a person; they can be withdrawn from, nothing else
//	/a/HASH/NAME         a public file of a deployed version
//	/n/ses               a POST of Amazon SNS: what became of a mail at SES
//
// It leaves to others what stands in a token (token), what is kept (store), and how mails are made. It knows the site's name and
// looks from its [Config], not from a workspace, and never links the console.
//
// A click needs no database to be redirected: link tables never change and stay in memory. It is written before it is answered, so
// that a kill loses none: all that wait share one transaction (record.go). When the database is away, clicks and opens are kept in
// memory up to a bound and written later, and withdrawals are answered with 503, because a promise to stop must not be lost.
//
// A notice is believed when it is of a topic that the configuration names and SNS signed it (notice.go, notice_sign.go). It settles what
// the ledger is in doubt about, keeps mail away from mailboxes that are gone and people who complained, and becomes an event that
// clicks are judged by (notice_apply.go). It is answered with 200 once that is on disk; what cannot be written is to come again.
//
// All that comes in is hostile: a token is verified before anything is looked up, and whoever sends many wrong ones gets 429. No
// address of a reader is stored or logged; a log line has a route, a status and a duration, never a path.
//
// In the order of calls: [New], [Server.Warm], [Server.Handler], and after the last request [Server.Close].
package track
