package schedule

// Bound is set later.
type Bound struct{}
