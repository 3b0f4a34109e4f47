package worker

import (
	"germane/render"
	"germane/send"
	"germane/store"
	"germane/token"
)

// Letter writes mails with everything in them that is a person's own: links that tell who followed them, and the pages on which they
// withdraw. It keeps its buffers; one goroutine at a time.
type Letter struct {
	renderer render.Renderer
	signer   *token.Signer
	envelope render.Envelope
	delivery token.Delivery
	base     string
	text     []byte
	mail     send.Mail
	tags     [2]send.Tag
}

// NewLetter signs with keys; nil: there are no tracked links, and pages lead nowhere.
func NewLetter(keys *token.Keys) *Letter {
	l := &Letter{}
	if keys != nil {
		l.signer = keys.Signer()
	}
	return l
}

// write makes the mail of a job in a run. Its bytes are valid until the next one.
func (l *Letter) write(c *Content, run int64, j *job) (mail *send.Mail, skipped string, err error) {
	return l.compose(c, run, j, store.DeliveryID(run, j.person.Number, j.decision.Occasion))
}

// compose makes a mail with an id. Without a run it is a test mail: its links lead where they should, and belong to nobody.
func (l *Letter) compose(c *Content, run int64, j *job, id string) (*send.Mail, string, error) {
	person := j.person.Number
	if run == 0 {
		person = 0
	}
	l.delivery = token.Delivery{Version: uint32(c.Version), Message: uint16(c.number), Run: uint32(run), Person: uint64(person), Occasion: uint16(j.decision.Occasion)}
	l.envelope = render.Envelope{To: j.person.Email, Date: j.at, ID: id}
	l.address(c)
	rendered, err := l.renderer.Render(c.Message, &j.decoded, j.choices, &l.envelope)
	if err != nil || rendered.Skipped != "" {
		return nil, rendered.Skipped, err
	}
	l.tags = [2]send.Tag{{Name: "delivery", Value: id}, {Name: "campaign", Value: c.Campaign.Name}}
	l.mail = send.Mail{ID: id, From: c.from, To: j.person.Email, Bytes: rendered.MIME, Tags: l.tags[:]}
	return &l.mail, "", nil
}

// address fills in the envelope's addresses.
func (l *Letter) address(c *Content) {
	if l.signer == nil || c.base == "" {
		return
	}
	l.base = c.base
	track := &c.Workspace.Config.Track
	manage := token.Manage{Person: l.delivery.Person, Topic: c.topic, Run: l.delivery.Run, Occasion: l.delivery.Occasion}
	l.envelope.Unsubscribe = l.page("/u/", token.Unsubscribe, manage)
	l.envelope.Preferences = l.page("/p/", token.Preferences, manage)
	if track.Opens {
		l.text = append(append(l.text[:0], c.base...), "/o/"...)
		l.envelope.Open = string(append(l.signer.AppendOpen(l.text, l.delivery), ".gif"...))
	}
	if track.Clicks {
		l.envelope.Link = l.link
	}
}

func (l *Letter) page(path string, page token.Page, m token.Manage) string {
	l.text = append(append(l.text[:0], l.base...), path...)
	l.text = l.signer.AppendManage(l.text, page, m)
	return string(l.text)
}

// link appends the tracked address of a link.
func (l *Letter) link(dst []byte, link int, values []string) []byte {
	return l.signer.AppendClick(append(append(dst, l.base...), "/c/"...), l.delivery, link, values)
}
