// Package sesfake is an endpoint of Amazon SES (API v2) for tests: SendEmail with raw messages, with the limits that SES has, and with the
// faults that a network and a provider have, switched on by a test; and the questions that Germane asks about an [Account], its identities,
// event destinations and suppression list.
//
// It keeps what it took, whatever it answered, so that a test can say that nobody got a mail twice; [Server] is an http.Handler, and
// shows what it got as a page at /. It checks no signatures.
//
// What becomes of a mail, [Event] writes as SES does, a [Topic] signs as SNS does, and [Posting] brings as SNS does: late, twice, in any
// order. A server with an [Aftermath] does all that by itself.
package sesfake
