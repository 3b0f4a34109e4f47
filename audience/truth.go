package audience

// Truth is the result of a condition in Kleene's three-valued logic: and is the minimum, or the maximum, not 2-x.
type Truth uint8

// Only True selects.
const (
	False   Truth = 0
	Unknown Truth = 1
	True    Truth = 2
)

// String returns the result's name.
func (t Truth) String() string { return [...]string{"false", "unknown", "true"}[t] }

// Not negates a result; the negation of unknown is unknown.
func (t Truth) Not() Truth { return True - t }

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}
