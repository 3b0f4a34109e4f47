package workspace

import (
	"testing"
	"testing/fstest"
)

func TestEachCampaignHasItsOwnMessage(t *testing.T) {
	t.Parallel()
	campaign := func(topic, extra string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("objective: activation\ngoal: signed_up within 7d\ntopic: " + topic + "\naudience: true\ntemplate: hello\ncadence: {every: monday 09:00}\n" + extra)}
	}
	w, findings := Load(fstest.MapFS{
		"germane.yaml":         {Data: []byte("senders:\n  default: {name: Acme, email: hello@acme.example, postal_address: 1 Main St}\n  sales: {name: Sales, email: sales@acme.example, postal_address: 1 Main St}\ntopics: {tips: Tips, offers: Offers}\npublic_url: https://l.acme.example\n")},
		"events.yaml":          {Data: []byte("signed_up: {fields: {}}\n")},
		"templates/hello.md":   {Data: []byte("---\nsubject: Hello\n---\nHello from {{ sender.name }}: {{ campaign.name }}. [Go](https://acme.example/)\n")},
		"templates/nobody.md":  {Data: []byte("---\nsubject: Hello\n---\nHello from {{ sender.name }}\n")},
		"campaigns/first.yaml": campaign("tips", ""),
		"campaigns/other.yaml": campaign("offers", "sender: sales\n"),
	}, nil)
	if len(w.Messages) != 2 {
		t.Fatalf("%d messages: %v", len(w.Messages), findings)
	}
	first, _ := w.CampaignMessage("first")
	other, _ := w.CampaignMessage("other")
	template, _ := w.Message("hello")
	if first == nil || other == nil || first == other || template != first {
		t.Fatalf("first %p, other %p, the template %p", first, other, template)
	}
	if first.Links[0].Parts[0] != "https://acme.example/?utm_source=tips&utm_medium=email&utm_campaign=first" || other.Links[0].Parts[0] != "https://acme.example/?utm_source=offers&utm_medium=email&utm_campaign=other" {
		t.Errorf("links lead to %q and %q", first.Links[0].Parts, other.Links[0].Parts)
	}
	if w.CampaignSender("first").Email != "hello@acme.example" || w.CampaignSender("other").Email != "sales@acme.example" || w.CampaignSender("none").Email != "" {
		t.Error("a campaign has another's sender")
	}
	if w.CampaignNumber("other") != 1 || w.CampaignNumber("none") != -1 {
		t.Error("campaigns have other numbers than their places")
	}
	if _, ok := w.CampaignMessage("none"); ok {
		t.Error("a campaign that is not there has a message")
	}
}
