// Package token signs what stands in the addresses of a mail, and reads it back: which delivery a click or an open belongs to, and
// whose consent an unsubscribe or a preferences page may withdraw.
//
// It leaves to others what the numbers mean (store), where a link leads (render's link tables), and what happens then (track). There
// is no state and no clock: a token never expires, because an unsubscribe link must work for ever (RFC 8058).
//
// In order: [NewKeys] takes the master keys, the one that signs first. [Keys.Signer] gives each goroutine of a worker its own signer,
// which appends to a message's bytes without allocating: [Signer.AppendClick], [Signer.AppendOpen], [Signer.AppendManage]. The public
// server asks [Keys.Click], [Keys.Open] and [Keys.Manage]. All that is wrong with a token is said in one word, no: whoever made it up
// learns nothing from the answer.
//
// A token is base64url (RFC 4648, 5; no padding) of a key's id, fields of fixed length, and a MAC: HMAC-SHA256 cut to 128 bits. Each
// purpose has its own key, derived from the master key (HKDF, RFC 5869), so that no token can be used for another purpose.
package token
