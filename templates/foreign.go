package templates

import (
	"regexp"
	"strings"

	"germane/internal/finding"
)

// foreignTag matches merge tags of Mailchimp, *|FNAME|*, and of Salesforce and others, %%first_name%%.
var foreignTag = regexp.MustCompile(`\*\|([A-Za-z0-9_:.!-]{1,64})\|\*|%%=?([A-Za-z_][A-Za-z0-9_.]{0,63})=?%%`)

// foreignNames are merge tags that have another name here.
var foreignNames = map[string]string{
	"fname": "first_name", "firstname": "first_name", "lname": "last_name", "lastname": "last_name",
	"email": "person.email", "emailaddr": "person.email", "emailaddress": "person.email", "subscriberkey": "person.id",
	"unsub": "links.unsubscribe", "unsub_center_url": "links.unsubscribe", "unsubscribe": "links.unsubscribe",
	"update_profile": "links.preferences", "profile_center_url": "links.preferences", "subscription_center_url": "links.preferences",
}

// ForeignTags finds merge tags of other mail tools in a template's text. They are no Liquid: people would get them as they stand.
func ForeignTags(text finding.Text) []finding.Finding {
	var r report
	for _, m := range foreignTag.FindAllStringSubmatchIndex(text.S, -1) {
		var name string
		if m[2] >= 0 {
			name = text.S[m[2]:m[3]]
		} else {
			name = text.S[m[4]:m[5]]
		}
		r.add(text, m[0], m[1], "merge-tag", text.S[m[0]:m[1]]+" is another mail tool's merge tag; people would read it as it stands.", foreignHint(name))
	}
	return r.findings
}

func foreignHint(name string) string {
	name = strings.ToLower(name)
	if known, ok := foreignNames[name]; ok {
		return "write {{ " + known + " }}"
	}
	if strings.ContainsAny(name, ":.!-") {
		return "write Liquid: {{ name }} prints a value, {% if name %} … {% endif %} shows a part to some"
	}
	return "write {{ " + name + " }}"
}
