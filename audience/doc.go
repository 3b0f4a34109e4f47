// Package audience holds what can be known about people and what may be asked of it: the catalogue of attributes, events and
// goals, a person's stored form and its decoding into typed slots, consent, import formats, rules and segments, and the hash that draws arms.
//
// It leaves storing people to store, choosing variants to blocks, and showing values to render. It is pure: the one "now" of a
// delivery comes in as an argument. In the order things are called:
//
//  1. [ReadCatalogue], [ReadEvents] and [ReadSegments] read a workspace's files; together with the topics they make a [Scope].
//  2. [ParseRule] reads a rule against the scope: expr's syntax, lowered to a typed [Condition] tree.
//  3. A compile makes one [Selection] and calls [Rule.Compile] for every rule; the selection learns which attributes matter.
//  4. [Person] is the public form; [Person.Stored] turns it into the form that stores keep. For each delivery
//     [Selection.Decode] decodes a [Stored] person straight into the slots of a [Decoded]; missing, blank, stale and refused
//     values are told apart there, once.
//  5. The [Predicate]s of step 3 answer false, unknown or true; [Rule.Explain] says why, on demand, from the same tree.
//  6. [ImportCSV] and [ImportJSONL] read files of people, row by row, to [Update]s, which [Update.New] and [Update.Merge] turn into
//     stored people.
//  7. [Hash], [Ranges] and [Choose] draw control groups and rollout steps.
package audience
