// Package schedule holds campaigns: what one is for, whom it mails, when it comes due, and how it is rolled out.
//
// It is pure: no clock, no files; time is passed in. It leaves people and rules to audience, templates and senders to workspace
// (which knows their names), and runs to worker. In call order: [ReadCampaign] reads campaigns/NAME.yaml as far as one file
// can be judged alone, [Campaign.Bind] checks its rule and goal against the catalogue; [ReadCaps], [ReadQuietHours], [ReadZone]
// and [ReadRate] read the same notations for germane.yaml.
//
// What comes due: [Cadence.Timetable] puts a cadence into the zones people live in; [Timetable.Plan] says which occurrences need a run
// and when to look again; [Occurrence.DueIn] and [Occurrence.LeftOut] say when a zone gets its mail, and why it gets none;
// [Campaign.Move], [Rollout.Stop] and [Expect.Approval] guard the run. For each person: [Zones.Of], [CapsSince], [QuietHours.At],
// [GlobalHoldout], [Campaign.HeldOut], [Campaign.InStep].
package schedule
