package audience

import (
	"encoding/json"
	"fmt"
	"time"
)

// ConsentState says whether a person may be mailed about a topic.
type ConsentState uint8

// The states of consent. Only ConsentSubscribed allows mail.
const (
	ConsentNone    ConsentState = iota // never asked, or never answered
	ConsentPending                     // asked, and not yet confirmed (double opt-in)
	ConsentSubscribed
	ConsentUnsubscribed // withdrew; no import brings it back
)

var consentNames = [...]string{"none", "pending", "subscribed", "unsubscribed"}

// String returns the state's name in files and programs.
func (s ConsentState) String() string { return consentNames[s] }

// ParseConsentState returns the state of a name.
func ParseConsentState(name string) (ConsentState, bool) {
	for i, known := range consentNames {
		if known == name {
			return ConsentState(i), true
		}
	}
	return ConsentNone, false
}

// Consent is a person's consent to one topic and where it comes from.
type Consent struct {
	State  ConsentState
	Basis  string    // why mailing is allowed, in the operator's words: "signup form"; "" when not known
	Source string    // where the last change came from: "import", "preferences page"; "" when not known
	At     time.Time // of the last change; zero when not known
}

// MarshalJSON writes the state's name: the public form of a person shows no more.
func (c Consent) MarshalJSON() ([]byte, error) { return json.Marshal(c.State.String()) }

// UnmarshalJSON reads a state's name.
func (c *Consent) UnmarshalJSON(data []byte) error {
	var name string
	if err := json.Unmarshal(data, &name); err != nil {
		return fmt.Errorf("consent is one of none, pending, subscribed, unsubscribed")
	}
	state, ok := ParseConsentState(name)
	if !ok {
		return fmt.Errorf("%q is not a state of consent: use none, pending, subscribed or unsubscribed", name)
	}
	*c = Consent{State: state}
	return nil
}
