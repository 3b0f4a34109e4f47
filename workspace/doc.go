// Package workspace reads a workspace: the folder, or stored version, in which a brand's mail is written.
//
// It knows which files there are, what germane.yaml and data files mean, and which names lead from one file to another. What a
// catalogue, a rule, a campaign or a template means is left to audience, schedule, templates and render. In call order: [Load]
// scans the folders, reads germane.yaml with its overrides from the environment, then the catalogue, events, segments, data,
// layouts, templates, blocks, campaigns and personas, follows the names between them, compiles every message, and applies the
// allowances that files give themselves.
//
// Everything a user did wrong is a finding; Load always returns all of them, and as much of the workspace as could be read.
package workspace
