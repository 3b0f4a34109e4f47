// Package worker sends: it plans runs, and takes their people one by one from the audience to the provider, each at most once. It
// knows the order of things; what is stored it leaves to store, what a message looks like to render, who is chosen to audience and
// blocks, and what a provider's answer means to send.
//
// In call order:
//
//  1. [Deploy] stores a workspace as a version. [Contents] loads versions and keeps them compiled.
//  2. [Survey] goes through everybody once: who is in the audience, what they would get, and where chunks are cut.
//  3. [Plan] makes a run of that, once per occurrence: for whoever sends by hand, or for the [Scheduler], which knows what is due.
//  4. [Worker.Work] takes ready chunks. For each person a [decider] decides (decide.go), the chunk finds room for their mail (room.go:
//     a slot, the rate, the sender's day, their domain) and claims them in the ledger (chunk.go), a slot renders, signs and sends
//     (slot.go), and the result goes back into the ledger with the next claims.
//     What keeps everybody from sending stands in gate.go, how fast one of many may send in share.go, and what happens while the
//     store is away in outage.go.
//
// What brings chunks to workers is a loop over the store here, on one machine; on many it is a queue that only carries their
// numbers (carrier.go), and that loop when the queue brings nothing. Neither decides whether anything is sent: that is the claim.
package worker
