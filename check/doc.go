// Package check analyses a whole workspace: which variants can be reached, and who would get them.
//
// It leaves reading files to workspace, and what a rule means to audience: the evaluator that sends use is asked about one value of
// each kind that rules tell apart. In call order: [Workspace] reports what is proved to be wrong; [Explore] says of one block who
// can get each variant, with example people; a [Counter] counts who does, over real people, and a [Comparer] whose mail differs
// between two workspaces; [Clients] looks up which mail programs do not support what a message uses.
package check
