package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"germane/render"
	"germane/workspace"
)

func newRender(sys *system, o *options) *cobra.Command {
	var v viewer
	var as string
	c := &cobra.Command{
		Use:   "render TEMPLATE",
		Short: "Render a message for one person",
		Long: `Render a message for one person: the bytes that would be sent, but for ids and the date.
Links lead to their targets directly; a campaign's links are tracked when it sends.`,
		Example: `  germane render weekly > weekly.html                    as the first persona
  germane render weekly --as text --person eli-stale
  germane render weekly --as eml --person ann.json --at 2027-03-01T09:00:00Z
  germane render weekly --as json --set plan=trial --set trial_days_left=1`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.json && !c.Flags().Changed("as") {
				as = "json"
			}
			w, err := loadSound(sys, o)
			if err != nil {
				return err
			}
			return renderOne(sys, w, args[0], as, &v)
		},
	}
	v.flags(c)
	c.Flags().StringVar(&as, "as", "html", "html, text, eml or json")
	return c
}

// renderedView is a view with the message itself.
type renderedView struct {
	*view
	rendered  render.Rendered
	preheader string
	links     []renderedLink // as they were written
}

func renderOne(sys *system, w *workspace.Workspace, template, as string, v *viewer) error {
	write, ok := map[string]func(io.Writer, *renderedView) error{"html": writeHTML, "text": writePlain, "eml": writeMIME, "json": writeJSON}[as]
	if !ok {
		return usageError{hint(fmt.Errorf("there is no form %q", as), "use --as html, text, eml or json")}
	}
	seen, err := v.look(sys, w, template)
	if err != nil {
		return err
	}
	view, err := renderFor(w, seen)
	if err != nil {
		return err
	}
	if view.rendered.Skipped != "" {
		fmt.Fprintf(sys.stderr, "germane: %s gets no mail: %s\n", calling(seen.person), view.rendered.Skipped)
		return nil
	}
	return write(sys.stdout, view)
}

func renderFor(w *workspace.Workspace, seen *view) (*renderedView, error) {
	if w.Config.PublicURL == nil {
		return renderFrom("", seen)
	}
	return renderFrom(w.Config.PublicURL.String(), seen)
}

// renderFrom renders as a public server at a base URL would have it.
func renderFrom(base string, seen *view) (*renderedView, error) {
	v, message := &renderedView{view: seen}, seen.message
	e := &render.Envelope{To: v.person.Email, Date: v.now, ID: "preview", Unsubscribe: base + "/u/preview", Preferences: base + "/p/preview"}
	e.Link = func(dst []byte, id int, values []string) []byte {
		link, start := &message.Links[id], len(dst)
		dst = link.AppendTarget(dst, values)
		written := renderedLink{ID: id, Block: link.Block, Variant: link.Variant, URL: string(dst[start:])}
		if !slices.Contains(v.links, written) {
			v.links = append(v.links, written)
		}
		return dst
	}
	var renderer render.Renderer
	preheader, err := renderer.Preheader(message, v.decoded, v.choices, e)
	if err != nil {
		return nil, err
	}
	v.preheader, v.links = preheader, nil
	v.rendered, err = renderer.Render(message, v.decoded, v.choices, e)
	return v, err
}

func writeMIME(out io.Writer, v *renderedView) error {
	_, err := out.Write(v.rendered.MIME)
	return err
}

func writeHTML(out io.Writer, v *renderedView) error {
	mail, err := render.ReadMail(v.rendered.MIME)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, strings.TrimRight(mail.HTML, "\n"))
	return err
}

func writePlain(out io.Writer, v *renderedView) error {
	mail, err := render.ReadMail(v.rendered.MIME)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, strings.TrimRight(mail.Text, "\n"))
	return err
}

// The public form of `render --as json`.
type (
	renderedMessage struct {
		Subject   string           `json:"subject"`
		Preheader string           `json:"preheader"`
		HTML      string           `json:"html"`
		Text      string           `json:"text"`
		Choices   []renderedChoice `json:"choices"`
		Links     []renderedLink   `json:"links"`
		Bytes     int              `json:"bytes"` // of the complete message
	}
	renderedChoice struct {
		Block   string `json:"block"`
		Variant string `json:"variant"`
		Reason  string `json:"reason"`
	}
	renderedLink struct {
		ID      int    `json:"id"`
		Block   string `json:"block"`
		Variant string `json:"variant"`
		URL     string `json:"url"`
	}
)

func writeJSON(out io.Writer, v *renderedView) error {
	mail, err := render.ReadMail(v.rendered.MIME)
	if err != nil {
		return err
	}
	message := renderedMessage{
		Subject: mail.Subject, Preheader: v.preheader, HTML: mail.HTML, Text: mail.Text, Bytes: len(v.rendered.MIME),
		Choices: []renderedChoice{}, Links: append([]renderedLink{}, v.links...),
	}
	for _, choice := range v.choices {
		e := v.message.Chooser.Explain(choice, v.decoded)
		message.Choices = append(message.Choices, renderedChoice{Block: e.Block, Variant: e.Variant, Reason: e.Reason.String() + ": " + e.Sentence()})
	}
	slices.SortFunc(message.Links, func(a, b renderedLink) int { return a.ID - b.ID })
	return printJSON(out, message)
}
